// Says why this Node will not do, or nothing. bin/reel.js holds the same check, since it is shipped alone;
// test/frame/node-version.test.ts holds the two together. Any Node must parse this file.
var WANTED = [20, 12];

module.exports = function refuseNode(version) {
  var found = version || process.version;
  var parts = found.replace(/^v/, "").split(".");
  var major = Number(parts[0]);
  var minor = Number(parts[1]);
  if (major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])) return "";
  return (
    "wrong Node version: found " +
    found.replace(/^v/, "") +
    ", expected " +
    WANTED.join(".") +
    " or newer; install it from your system or with a version manager"
  );
};
