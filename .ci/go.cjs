// The one entry of the package's scripts: `node .ci/go.cjs demo|test|build|setup [ARG…]`. It needs nothing
// installed. Written so that any Node parses it, to be able to say which one is wanted.
var refused = require("../bin/node-version.js")();
if (refused) {
  console.error("reel: " + refused);
  process.exitCode = 1;
} else {
  require("./tasks.cjs")(process.argv[2], process.argv.slice(3));
}
