// A shared library that looks as if a CUDA runtime had been linked into it statically: a .nvFatBinSegment, functions with the
// runtime's names, some local, some very short. Each leaves 0xbad in rax, so a call that was not redirected shows.
        .section .note.GNU-stack,"",@progbits
#ifndef W2W_NO_DEVICE_CODE
        .section .nvFatBinSegment,"aw",@progbits
        .quad   0, 0, 0
#endif

        .text
// A function with `pad` bytes of nops.
#define FUNCTION(name, binding, pad)                                                                \
        binding name;                                                                               \
        .type name,@function;                                                                       \
        .p2align 4;                                                                                 \
name:   movl    $0xbad, %eax;                                                                       \
        ret;                                                                                        \
        .skip   pad, 0x90;                                                                          \
        .size name, . - name
// Three bytes long; what follows decides whether a jump has room.
#define SHORT(name)                                                                                 \
        .hidden name;                                                                               \
        .globl name;                                                                                \
        .type name,@function;                                                                       \
        .p2align 4;                                                                                 \
name:   xorl    %eax, %eax;                                                                         \
        ret;                                                                                        \
        .size name, . - name

#ifndef W2W_NO_REGISTRATION
        FUNCTION(__cudaRegisterFatBinary, .local, 100)
#endif
        FUNCTION(cudaMalloc, .globl, 100)
        FUNCTION(cudaLaunchKernel, .local, 4)
#if W2W_MAJOR == 12
        FUNCTION(cudaGetDeviceProperties_v2, .local, 20)
#endif
#if W2W_MAJOR <= 12
        FUNCTION(cudaThreadExit, .local, 20)
#endif
        SHORT(__cudaGetProcAddress)
        .p2align 4
        FUNCTION(cudaOfTheProgramsOwn, .globl, 20)
        SHORT(cudaGetLastError)
// No room behind cudaGetLastError: another function begins at once.
neighbour:
        .type neighbour,@function
        movl    $7, %eax
        ret
        .size neighbour, . - neighbour

// Addresses for the test.
        .section .data.rel.ro,"aw",@progbits
        .globl  fake_functions
        .type   fake_functions,@object
        .p2align 3
fake_functions:
        .quad   cudaMalloc, cudaLaunchKernel, __cudaGetProcAddress, cudaOfTheProgramsOwn, cudaGetLastError, neighbour
        .size   fake_functions, . - fake_functions
