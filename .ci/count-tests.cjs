// `node .ci/count-tests.cjs REPORT PASSED FAILED` adds the tests of vitest's JSON report to the steps that were
// counted already, prints the line that closes a run, and exits 1 if anything failed.
const fs = require("node:fs");

let [passed, failed] = process.argv.slice(3).map(Number);
let skipped = 0;
try {
  const report = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped = report.numPendingTests + report.numTodoTests;
  // A file that could not be loaded has no tests to count.
  failed += report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  if (report.numPassedTests === 0) {
    console.log("no test ran");
    failed += 1;
  }
} catch (error) {
  console.log(`no report of the tests: ${error.message}`);
  failed += 1;
}
console.log(`\n${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
process.exitCode = failed === 0 ? 0 : 1;
