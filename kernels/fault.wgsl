// Keeps the first index out of range on the device, for the next read to report; for code 0, none.
fn note_fault(code: u32, index: i32, bound: u32) {
  if (code == 0u || atomicAdd(&faults[0], 1u) != 0u) { return; }
  atomicStore(&faults[1], code);
  atomicStore(&faults[2], bitcast<u32>(index));
  atomicStore(&faults[3], bound);
}
