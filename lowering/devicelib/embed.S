// The device library's bitcode, as data of the compiler.
  .section .rodata
  .globl w2w_devicelib_begin, w2w_devicelib_end
  .hidden w2w_devicelib_begin, w2w_devicelib_end
  .balign 16
w2w_devicelib_begin:
  .incbin W2W_DEVICELIB
w2w_devicelib_end:
  .section .note.GNU-stack,"",@progbits
