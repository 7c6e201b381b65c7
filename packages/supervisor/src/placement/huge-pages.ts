const TUNABLE = "glibc.malloc.hugetlb";

/**
 * `GLIBC_TUNABLES` of a process that reads gigabytes of its own memory again and again: it asks the kernel for huge pages (2 MiB), which most systems give
 * to those that ask. A step of few tokens reads all weights, and with pages of 4 KiB a part of its time goes into looking up where they are. Whatever else
 * is set stays, a choice of this tunable too. Other C libraries don't read it. Source: glibc's manual, "Memory Allocation Tunables".
 * @param present what the environment has
 */
export function withHugePages(present: string | undefined): string {
  if (present === undefined || present === "") return `${TUNABLE}=1`;
  return present.split(":").some((one) => one.startsWith(`${TUNABLE}=`)) ? present : `${present}:${TUNABLE}=1`;
}
