// Float64 references: slow, plain, and written from the formulas, so that they share no mistake
// with the kernels. Arrays are `{ shape, data: Float64Array }`, row-major.

export * from "./reference/array.ts";
export * from "./reference/elementwise.ts";
export * from "./reference/grad.ts";
export * from "./reference/matmul.ts";
export * from "./reference/normalize.ts";
export * from "./reference/reduce.ts";
export * from "./reference/special.ts";
export * from "./reference/svd.ts";
