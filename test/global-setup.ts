// Tests of the command line and of worker threads run what ships: dist/ is built once if a source is newer.

export default async function setup(): Promise<void> {
  const build: string = new URL("../.ci/build.js", import.meta.url).href;
  const { buildIfStale } = (await import(build)) as {
    buildIfStale: (options: object) => Promise<boolean>;
  };
  await buildIfStale({});
}
