import { expect, it } from 'vitest'
import { fromBase64 } from '../../src/internal/base64.ts'
import { equalBytes } from '../../src/internal/bytes.ts'
import { inclusionRoot, isConsistent } from '../../src/internal/merkle/index.ts'
import { describeVectors, vectorNames, vectorText } from '../helpers/vectors.ts'

const root = 'tlog/transparency-dev-merkle/testdata'

/** All JSON files below a folder. Some hold integers beyond 2^53: they must not round to a valid one. */
function load<T>(folder: string): { name: string; vector: T }[] {
  return vectorNames(folder).flatMap((name) => {
    const path = `${folder}/${name}`
    if (!name.endsWith('.json')) return load<T>(path)
    const exact = vectorText(path).replace(/: (\d{16,})/g, ': "$1"')
    return [{ name: path, vector: JSON.parse(exact) as T }]
  })
}

const bytes = (text: string): Uint8Array => fromBase64(text)!
/** Bytes that are no base64 in a vector never occur; an integer beyond 2^53 became a string. */
const number = (value: number | string): number => (typeof value === 'string' ? 2 ** 60 : value)

interface Inclusion {
  leafIdx: number | string
  treeSize: number | string
  root: string
  leafHash: string
  proof: string[] | null
  desc: string
  wantErr: boolean
}

interface Consistency {
  size1: number | string
  size2: number | string
  root1: string
  root2: string
  proof: string[] | null
  desc: string
  wantErr: boolean
}

describeVectors('transparency-dev/merkle vectors', () => {
  it('inclusion: all of them', () => {
    const vectors = load<Inclusion>(`${root}/inclusion`)
    expect(vectors.length).toBe(98)
    for (const { name, vector } of vectors) {
      const expected = bytes(vector.root)
      const found = inclusionRoot(
        number(vector.leafIdx),
        number(vector.treeSize),
        bytes(vector.leafHash),
        (vector.proof ?? []).map(bytes),
      )
      const accepted = found !== null && equalBytes(found, expected)
      expect(accepted, name).toBe(!vector.wantErr)
    }
  })

  it('consistency: all of them, but roots that are no hashes are refused', () => {
    const vectors = load<Consistency>(`${root}/consistency`)
    expect(vectors.length).toBe(98)
    const stricter: string[] = []
    for (const { name, vector } of vectors) {
      const accepted = isConsistent(
        { size: number(vector.size1), root: bytes(vector.root1) },
        { size: number(vector.size2), root: bytes(vector.root2) },
        (vector.proof ?? []).map(bytes),
      )
      if (accepted !== !vector.wantErr)
        stricter.push(`${vector.size1} ${bytes(vector.root1).length}`)
      if (accepted) expect(vector.wantErr, name).toBe(false)
    }
    // Equal sizes with roots of 12 bytes: accepted there, no hashes here.
    expect(stricter).toEqual(['1 12'])
  })
})
