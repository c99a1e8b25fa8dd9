import type { TuneStore } from "./tune.ts";

/**
 * Keeps measured choices in a file; Node and Deno.
 *
 * @param path of a JSON file; its folders are made
 * @example
 * const device = await openDevice({ tune: { store: fileStore(".cache/tune.json") } });
 */
export function fileStore(path: string): TuneStore {
  return {
    load: async () => {
      const { readFile } = await files();
      try {
        return await readFile(path, "utf8");
      } catch (error) {
        if ((error as { code?: string }).code === "ENOENT") return undefined;
        throw error;
      }
    },
    save: async (text) => {
      const { mkdir, rename, writeFile } = await files();
      const folder = path.replace(/[^/\\]*$/, "");
      if (folder !== "") await mkdir(folder, { recursive: true });
      const fresh = `${path}.${Math.random().toString(36).slice(2)}.tmp`;
      await writeFile(fresh, text);
      await rename(fresh, path); // whole or not at all, also where two programs save
    },
  };
}

/** Bundlers for a page must not look for it: the name comes from a variable. */
const FILES = "node:fs/promises";

function files(): Promise<typeof import("node:fs/promises")> {
  return import(FILES) as Promise<typeof import("node:fs/promises")>;
}

/**
 * Keeps measured choices in the browser's IndexedDB.
 *
 * @param name of the database
 */
export function browserStore(name = "dualgrad"): TuneStore {
  const table = "tune";
  const within = async <R>(mode: IDBTransactionMode, use: (s: IDBObjectStore) => IDBRequest<R>) => {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => void opening.result.createObjectStore(table);
    const database = await finished(opening);
    try {
      return await finished(use(database.transaction(table, mode).objectStore(table)));
    } finally {
      database.close();
    }
  };
  return {
    load: () => within<string | undefined>("readonly", (store) => store.get("choices")),
    save: async (text) => void await within("readwrite", (store) => store.put(text, "choices")),
  };
}

function finished<R>(request: IDBRequest<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB refused the request"));
  });
}
