// One pass of attention where a barrier is dear: a thread takes four rows, side by side in the
// lanes of a vector, and RUN columns at a time; the sums for its rows lie in `out` meanwhile.
// A line with $j stands for RUN copies (engine/unroll.ts).
fn item(t: u32) {
  let blocks = (p.rows + 3u) / 4u;
  let base = base_of(t / blocks);
  let first = (t % blocks) * 4u;
  let rows = rows_from(first);
  let a_row = base.a + rows * p.a_step.x;
  let x_row = base.x + rows * p.x_step.x;
  let to = (base.index * p.rows + rows) * p.across;
  let span = span_of(first, 4u);
  var top = vec4<f32>(LOWEST);
  var sum = vec4<f32>();
  for (var c = 0u; c < p.across; c++) { store(to + c, vec4<f32>()); }
  for (var column = span.x; column < span.y; column += RUN) {
    let at$j = min(column + $ju, p.columns - 1u);
    let b$j = base.b + at$j * p.b_step.x;
    var s$j = vec4<f32>();
    for (var k = 0u; k < p.dim; k++) {
      let at = a_row + k * p.a_step.y;
      let u = vec4<f32>(a[at.x], a[at.y], a[at.z], a[at.w]);
      let near = k * p.b_step.y;
      s$j += u * b[b$j + near];
    }
    let y$j = base.y + at$j * p.y_step.x;
    var g$j = vec4<f32>();
    if (GRAD) {
      for (var k = 0u; k < p.width; k++) {
        let at = x_row + k * p.x_step.y;
        let u = vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]);
        let near = k * p.y_step.y;
        g$j += u * y[y$j + near];
      }
    }
    s$j = scores(s$j, rows, column + $ju, base);
    var change = vec4<f32>(1.0);
    if (FORWARD) {
      let before = top;
      top = max(top, s$j);
      change = exp(before - top);
      sum *= change;
      s$j = exp(s$j - top); sum += s$j;
    } else {
      s$j = back_weights(s$j, g$j, rows, column + $ju, base);
    }
    for (var c = 0u; c < p.across; c++) {
      let at = to + c;
      var o = vec4<f32>(out[at.x], out[at.y], out[at.z], out[at.w]) * change;
      if (GRAD) {
        let near = c * p.b_step.y;
        o += s$j * b[b$j + near];
      } else {
        let near = c * p.y_step.y;
        o += s$j * y[y$j + near];
      }
      store(at, o);
    }
  }
  if (FORWARD) {
    let part = share(sum);
    for (var c = 0u; c < p.across; c++) {
      let at = to + c;
      store(at, part * vec4<f32>(out[at.x], out[at.y], out[at.z], out[at.w]));
    }
    store(p.sums_at + base.index * p.rows + rows, log_sum(top, sum));
  }
}

// Rows beyond the last are copies of it, with the same value.
fn store(at: vec4<u32>, value: vec4<f32>) {
  out[at.x] = value.x;
  out[at.y] = value.y;
  out[at.z] = value.z;
  out[at.w] = value.w;
}
