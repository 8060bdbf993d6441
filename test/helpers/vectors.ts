import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe } from 'vitest'

const root = resolve(process.env['CARESEAL_VECTORS'] ?? '../shared/vectors')
const present = existsSync(root)
if (!present && process.env['CARESEAL_REQUIRE_ALL'] === '1') {
  throw new Error(`Test vectors are required but not at ${root}. Set CARESEAL_VECTORS.`)
}

/** A block of tests over standards' vectors; shown as skipped where the vectors are not at hand. */
export function describeVectors(title: string, body: () => void): void {
  if (present) describe(title, body)
  else describe.skip(`${title} (skipped: no test vectors at CARESEAL_VECTORS)`, body)
}

/** The path of a vector file. */
export function vectorPath(path: string): string {
  return resolve(root, path)
}

/** The bytes of a vector file. */
export function vectorBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(vectorPath(path)))
}

/** The text of a vector file. */
export function vectorText(path: string): string {
  return readFileSync(vectorPath(path), 'utf8')
}

/** A vector file of JSON. Only called inside a running test, so that an absent folder skips. */
export function vectorJson<T>(path: string): T {
  return JSON.parse(vectorText(path)) as T
}

/** The names in a folder of vectors, sorted; empty where the vectors are not at hand. */
export function vectorNames(path: string): string[] {
  return present ? readdirSync(vectorPath(path)).sort() : []
}
