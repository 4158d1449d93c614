// Where the tests are and how they run: `npm test -- test/store` runs a folder, `npm test -- --project unit`
// a part. Two cores are enough; a test that needs a real peer or a disk may take a minute.
import { defineConfig } from "vitest/config";

const SLOW = ["test/**/*.slow.test.ts", "test/crash/**/*.test.ts", "test/fuzz/**/*.test.ts"];
const TRANSCRIPTS = ["test/transcripts/**/*.test.ts"];

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    pool: "forks",
    maxWorkers: 2,
    globalSetup: ["test/global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: { include: ["src/**"] },
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [...SLOW, ...TRANSCRIPTS] },
      },
      { extends: true, test: { name: "transcripts", include: TRANSCRIPTS } },
      {
        extends: true,
        test: { name: "slow", include: SLOW, testTimeout: 600_000, hookTimeout: 600_000 },
      },
      {
        extends: true,
        test: {
          name: "types",
          include: [],
          // Errors in sources are for `npm run check` to say.
          typecheck: {
            enabled: true,
            only: true,
            include: ["test/**/*.test-d.ts"],
            tsconfig: "tsconfig.json",
            ignoreSourceErrors: true,
          },
        },
      },
    ],
  },
});
