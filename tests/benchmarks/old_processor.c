/* Hides AVX-512, VNNI and AMX from a program (LD_PRELOAD), so that it computes as on a processor with
 * AVX2 only, at that one's own speed: Linux lets CPUID fault, and the handler answers in its place.
 * Built and used by old_processor.py. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { ARCH_CPUID_SET = 0x1012 };
#define BIT(n) (1u << (n))

/* bits of leaf 7: "Intel 64 and IA-32 Architectures Software Developer's Manual", CPUID */
static const unsigned EBX = BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31);
static const unsigned ECX = BIT(1) | BIT(6) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | BIT(14);
static const unsigned EDX = BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25);
static const unsigned EAX_1 = BIT(4) | BIT(5) | BIT(21) | BIT(23);
static const unsigned EDX_1 = BIT(4) | BIT(5) | BIT(8) | BIT(10);

static void answer(int signal_number, siginfo_t *info, void *context) {
    greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *at = (const unsigned char *)reg[REG_RIP];
    (void)info;
    if (at[0] != 0x0f || at[1] != 0xa2) { /* no CPUID: a real fault, which comes again */
        signal(signal_number, SIG_DFL);
        return;
    }
    unsigned leaf = (unsigned)reg[REG_RAX], sub = (unsigned)reg[REG_RCX], a, b, c, d;
    syscall(SYS_arch_prctl, ARCH_CPUID_SET, 1);
    __cpuid_count(leaf, sub, a, b, c, d);
    syscall(SYS_arch_prctl, ARCH_CPUID_SET, 0);
    if (leaf == 7 && sub == 0) b &= ~EBX, c &= ~ECX, d &= ~EDX;
    if (leaf == 7 && sub == 1) a &= ~EAX_1, d &= ~EDX_1;
    reg[REG_RAX] = a, reg[REG_RBX] = b, reg[REG_RCX] = c, reg[REG_RDX] = d;
    reg[REG_RIP] += 2;
}

__attribute__((constructor)) static void hide(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = answer;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, NULL);
    if (syscall(SYS_arch_prctl, ARCH_CPUID_SET, 0)) {
        fputs("this processor or kernel does not let CPUID fault: nothing is hidden\n", stderr);
        _exit(1);
    }
}
