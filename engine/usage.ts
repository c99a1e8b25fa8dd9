/** WebGPU usage and mode flags by value: not every host puts the constants in the global scope. */
export const MAP_READ = 0x0001;
export const COPY_SRC = 0x0004;
export const COPY_DST = 0x0008;
export const UNIFORM = 0x0040;
export const STORAGE = 0x0080;
export const QUERY_RESOLVE = 0x0200;
/** `mapAsync` mode for reading. */
export const MODE_READ = 0x0001;
/** Shader stage visibility of compute kernels. */
export const COMPUTE = 0x4;
