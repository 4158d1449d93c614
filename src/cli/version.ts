// The version that package.json names; the bundler puts it in as text.
import manifest from "../../package.json" with { type: "json" };

export const VERSION: string = manifest.version;
