// Stands in for the engine where the harness itself is tested: tensors are only counted.

let tensors = 0;
let opened = 0;
const scopes: number[] = [];

/** As the engine's: one device with the members the harness uses. */
export async function openDevice(): Promise<unknown> {
  opened++;
  if (opened > 1) throw new Error("openDevice: called twice");
  return {
    info: { software: true },
    features: new Set(["subgroups"]),
    memory: () => ({ tensors, live: 4 * tensors, pooled: 0, peak: 0 }),
    idle: async () => undefined,
    close: () => console.log("device closed"),
  };
}

/** As the engine's: frees what is made until it closes. */
export function openScope(): { close(): void } {
  scopes.push(tensors);
  return {
    close: () => {
      tensors = scopes.pop() ?? 0;
    },
  };
}

/** Makes a tensor that the scope frees. */
export function make(): void {
  tensors++;
}

/** Makes a tensor that outlives its scope. */
export function makeKept(): void {
  tensors++;
  scopes.forEach((_, i) => (scopes[i] = (scopes[i] ?? 0) + 1));
}
