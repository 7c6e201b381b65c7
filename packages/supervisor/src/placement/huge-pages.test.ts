import assert from "node:assert/strict";
import { it } from "node:test";
import { withHugePages } from "./huge-pages.ts";

it("asks for huge pages beside whatever is set, unless that chooses already", () => {
  assert.deepEqual(
    [undefined, "", "glibc.malloc.perturb=1", "glibc.malloc.perturb=1:glibc.malloc.hugetlb=0"].map(withHugePages),
    [
      "glibc.malloc.hugetlb=1",
      "glibc.malloc.hugetlb=1",
      "glibc.malloc.perturb=1:glibc.malloc.hugetlb=1",
      "glibc.malloc.perturb=1:glibc.malloc.hugetlb=0",
    ],
  );
});
