"""A kernel with many values alive at once that are the same in all threads: many_uniform.py COUNT DIRECTIVES."""
import sys

COUNT = int(sys.argv[1])
print(f""".version 8.0
.target sm_80
.address_size 64
.visible .entry uniform(.param .u64 p, .param .u32 n) {sys.argv[2]} {{
  .reg .u64 a;
  .reg .u32 t, r, k;
  .reg .pred q;
  .reg .u32 v<{COUNT}>;
  ld.param.u64 a, [p];
  ld.param.u32 k, [n];
  mov.u32 t, %tid.x;""")
for i in range(COUNT):
    print(f"  mul.lo.u32 v{i}, k, {2 * i + 1};")
print("AGAIN:")
for i in range(COUNT):
    print(f"  xor.b32 v{i}, v{i}, v{(i * 7 + 1) % COUNT};")
print("""  sub.u32 k, k, 1;
  setp.ne.u32 q, k, 0;
  @q bra AGAIN;
  mov.u32 r, t;""")
for i in range(COUNT):
    print(f"  mad.lo.u32 r, r, 3, v{i};")
print("""  mad.wide.u32 a, t, 4, a;
  st.global.u32 [a], r;
  ret;
}
.visible .entry other() { ret; }""")
