// A stand-in for libcuda.so.1: every entry point answers CUDA_ERROR_NOT_SUPPORTED, unless a test defines it.
        .section .note.GNU-stack,"",@progbits
        .text
#define W2W_ENTRY(base, version, variant, symbol)                                                   \
        .weak symbol;                                                                               \
        .set  symbol, not_supported;
        .p2align 4
        .type not_supported,@function
not_supported:
        movl    $801, %eax
        ret
        .size not_supported, . - not_supported
#include "runtime/cuda/entry_points.def"
