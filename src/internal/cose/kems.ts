/** The COSE-HPKE key encryption algorithms of this package: names and sizes only, no code. */
const kems: readonly (readonly [alg: number, name: string, encapsulation: number])[] = [
  [50, 'X25519', 32],
  [53, 'P-256', 65],
  [55, 'MLKEM768-P256', 1153],
  [57, 'X-Wing', 1120],
]

/** Bytes of an encapsulation, or `null` for an algorithm that is not ours. */
export function kemSizes(alg: unknown): number | null {
  return kems.find(([number]) => number === alg)?.[2] ?? null
}

/** The name of an algorithm, or its number as text. */
export function kemName(alg: number): string {
  return kems.find(([number]) => number === alg)?.[1] ?? `COSE ${alg}`
}
