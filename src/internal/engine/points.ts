import type { PointEncoding } from '../algorithm.ts'

interface NobleCurve {
  readonly Point: { fromBytes(bytes: Uint8Array): { toBytes(compressed: boolean): Uint8Array } }
}

/** Both encodings of the points of a noble curve. */
export function pointsOf(curve: NobleCurve): PointEncoding {
  return {
    compress: (bytes) => curve.Point.fromBytes(bytes).toBytes(true),
    uncompress(bytes) {
      if (bytes.length !== 33) return null
      try {
        return curve.Point.fromBytes(bytes).toBytes(false)
      } catch {
        return null
      }
    },
  }
}
