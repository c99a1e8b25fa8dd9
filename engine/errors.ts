/** Shapes that do not fit the operation; thrown at the call, before anything is recorded. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** An element type that the operation does not take; thrown at the call. */
export class DtypeError extends Error {
  override readonly name = "DtypeError";
}

/** A tensor used after `dispose()` or after the scope that owned it closed. */
export class DisposedError extends Error {
  override readonly name = "DisposedError";
}

/** A validation, memory or adapter error of the GPU; kept by the device and thrown once. */
export class GpuError extends Error {
  override readonly name = "GpuError";
}

/** The device is gone; every later call on it throws this again. */
export class DeviceLostError extends Error {
  override readonly name = "DeviceLostError";
}

/** A gradient with NaN or infinity, by which no step was done; reported by the next read. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";
}

/** An index on the device that is out of range; reported once, by the next read. */
export class IndexError extends Error {
  override readonly name = "IndexError";
}
