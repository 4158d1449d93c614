// Says why this Node will not do, or nothing. Written so that any Node parses it.
var WANTED = [20, 15];

module.exports = function refuseNode() {
  var found = process.versions.node;
  var major = Number(found.split(".")[0]);
  var minor = Number(found.split(".")[1]);
  if (major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])) return "";
  return (
    "wrong Node version: found " +
    found +
    ", expected " +
    WANTED.join(".") +
    " or newer; install it from your system or with a version manager"
  );
};
