import { AlgorithmUnsupported, KeyMalformed } from '../../errors.ts'
import { internalsOf, type KeyShape } from '../../internal/algorithm.ts'
import { equalBytes, fromHex } from '../../internal/bytes.ts'
import { acceptAlgorithm } from '../publicKey.ts'
import type { KemAlgorithm, SignatureAlgorithm } from '../types.ts'
import type { DerReader } from './der.ts'
import { derSequence } from './der.ts'

/** What stands in a SEQUENCE AlgorithmIdentifier (RFC 5280 §4.1.1.2) for a kind of key: kty, curve and the content. */
type Form = readonly [kty: KeyShape['kty'], curve: number, identifier: string]

/** Named curves alone (RFC 5480 §2.1.1), parameters absent elsewhere (RFC 8410 §3, RFC 9881 §2). Text only: no algorithm is pulled in. */
function forms(): readonly Form[] {
  return [
    [2, 1, '06072a8648ce3d020106082a8648ce3d030107'],
    [2, 8, '06072a8648ce3d020106052b8104000a'],
    [1, 4, '06032b656e'],
    [1, 6, '06032b6570'],
    [7, -49, '0609608648016503040312'],
  ]
}

/** The content of an algorithm's AlgorithmIdentifier; an error that names the other encodings where it has none. */
export function identifierOf(algorithm: KemAlgorithm | SignatureAlgorithm): Uint8Array {
  const { shape } = internalsOf(algorithm)
  const form = forms().find(([kty, curve]) => kty === shape.kty && curve === shape.curve)
  if (form === undefined) {
    throw new AlgorithmUnsupported(
      `${algorithm.name} has no registered form in PEM. Use toJwk or toCoseKey.`,
    )
  }
  return fromHex(form[2])
}

/** The curve's OBJECT IDENTIFIER, tag and length included, out of the identifier of an EC key. */
export function curveOf(identifier: Uint8Array): Uint8Array {
  return identifier.slice(9)
}

/** Reads an AlgorithmIdentifier and picks the first accepted algorithm that it names. */
export function readIdentifier<A extends KemAlgorithm | SignatureAlgorithm>(
  reader: DerReader,
  accepted: readonly A[],
): A {
  const content = reader.take(derSequence)
  const all = forms()
  const form = all.find(([, , identifier]) => equalBytes(content, fromHex(identifier)))
  const begun = all.some(([, , identifier]) => {
    const bytes = fromHex(identifier)
    return equalBytes(content.subarray(0, bytes.length), bytes)
  })
  if (form === undefined && begun) {
    throw new KeyMalformed('A PEM whose algorithm has parameters where it must have none')
  }
  return acceptAlgorithm(
    ({ kty, curve }) => form !== undefined && kty === form[0] && curve === form[1],
    accepted,
  )
}
