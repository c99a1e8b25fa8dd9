// Finding data sets that come as npm packages.

import { createRequire } from "node:module";

/** A data set that is missing, empty, or not what it should be. */
export class DataError extends Error {
  override readonly name = "DataError";
}

const load = createRequire(import.meta.url);

/**
 * Finds a file of an installed package.
 *
 * @param name of the package
 * @param file path in the package
 * @returns the file's full path
 * @throws DataError with the remedy if the package is not installed
 */
export function packageFile(name: string, file: string): string {
  try {
    return load.resolve(`${name}/${file}`);
  } catch {
    throw new DataError(`data: the package is not there: "${name}". Run: npm install.`);
  }
}

/**
 * Loads a CommonJS package that is a data set.
 *
 * @throws DataError with the remedy if the package is not installed or cannot be loaded
 */
export function loadPackage(name: string): unknown {
  packageFile(name, "package.json");
  try {
    return load(name);
  } catch (error) {
    throw new DataError(`data: the package is broken: "${name}" (${error}). Run: npm install.`);
  }
}
