// One versioned library's exports, made from functions.def: each name jumps to its implementation in the core, which is
// linked in hidden. W2W_ABI is 11, 12 or 13. x86-64, System V calling convention.

        .section .note.GNU-stack,"",@progbits
        .text

// Begins a function that the library exports.
#define BEGIN(name)                                                                                 \
        .globl name;                                                                                \
        .type name,@function;                                                                       \
        .p2align 4;                                                                                 \
name:   endbr64

#define END(name) .size name, . - name

#define IN_RANGE(first, last) .if (W2W_ABI >= first) && (W2W_ABI <= last)

#define W2W_RT(name, first, last, implementation)                                                   \
        IN_RANGE(first, last);                                                                      \
        BEGIN(name);                                                                                \
        jmp     w2wrt_##implementation;                                                             \
        END(name);                                                                                  \
        .endif

// The twin for programs compiled with per-thread default streams: 0 becomes cudaStreamPerThread (2). A stack argument
// belongs to the called function, so it may be changed in place.
#define W2W_RT_STREAM(name, first, last, implementation, place)                                     \
        W2W_RT(name, first, last, implementation);                                                  \
        IN_RANGE(first, last);                                                                      \
        BEGIN(name##_ptsz);                                                                         \
        cmpq    $0, place;                                                                          \
        jne     1f;                                                                                 \
        movq    $2, place;                                                                          \
1:      jmp     w2wrt_##implementation;                                                             \
        END(name##_ptsz);                                                                           \
        .endif

#define W2W_RT_NONE(name, first, last)                                                              \
        IN_RANGE(first, last);                                                                      \
        BEGIN(name);                                                                                \
        leaq    2f(%rip), %rdi;                                                                     \
        jmp     w2wrt_unsupported;                                                                  \
        END(name);                                                                                  \
        .section .rodata.str1.1,"aMS",@progbits,1;                                                  \
2:      .asciz  #name;                                                                              \
        .text;                                                                                      \
        .endif

#include "runtime/cudart/functions.def"

// For the core: which library it is in.
        .section .rodata
        .globl  w2wrt_abi
        .hidden w2wrt_abi
        .type   w2wrt_abi,@object
        .size   w2wrt_abi, 4
        .p2align 2
w2wrt_abi:
        .long   W2W_ABI
