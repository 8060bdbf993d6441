import {
  AlgorithmUnsupported,
  EnvelopeOpenFailed,
  EnvelopeRecipientNotFound,
  isCaresealError,
} from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { toBase64Url } from '../../internal/base64.ts'
import { bytesArgument } from '../../internal/bytes.ts'
import { type ReaderKey, readerKeys } from '../../internal/envelope/reader.ts'
import { knownOptions } from '../../internal/options.ts'
import { maximumTrials } from '../../internal/registry.ts'
import { turn } from '../../internal/turn.ts'
import { foreignContent } from '../foreignContent.ts'
import { type AgreeOptions, ecdhArgument } from '../rawEcdh.ts'
import { ecdhEs } from './ecdhEs.ts'
import { isMediaText, malformedJwe, textOf, unsupported } from './header.ts'
import { joseHpke } from './joseHpke.ts'
import { type JweMethod, methodOf } from './method.ts'
import { type JweEntry, type ParsedJwe, parseJwe } from './parseJwe.ts'
import { jwkThumbprint } from './thumbprint.ts'
import type { FromJweOptions, JweAlgorithm, OpenedJwe } from './types.ts'

interface Attempt {
  readonly entry: JweEntry
  readonly method: JweMethod
  readonly reader: ReaderKey
}

/**
 * Opens a JWE of other software, so that its content can be sealed again: compact, flattened or general, AES-GCM,
 * ECDH-ES(+A256KW) or HPKE. The result claims nothing about an author, for a JWE has none, and no key commitment.
 *
 * @param jwe - The JWE: text, or the bytes of its file.
 * @param options - Whose key opens, and what is accepted.
 * @returns The content, its media type if the protected header names one, and what else was authenticated.
 * @throws {@link EnvelopeMalformed} if it is no JWE, or one that contradicts itself.
 * @throws {@link AlgorithmUnsupported} if it uses an algorithm that is not read (RSA, PBES2, CBC, compression) or not
 *   accepted; or ECDH-ES with a key that answers as a KEM only and no `ecdh`.
 * @throws {@link EnvelopeRecipientNotFound} if no recipient is of an algorithm of the reader's keys.
 * @throws {@link EnvelopeOpenFailed} if it does not open: changed bytes or another key.
 * @throws {@link ContentTooLarge} if it holds more than 16 MiB.
 * @throws {@link KeyUnavailable} if the key's home did not answer; retry.
 * @throws {@link KeyDisabled} if the reader's ring holds the key as disabled or destroyed.
 * @throws {@link TypeError} if an argument has the wrong type.
 * @example
 * From an archive of JWE to an envelope.
 * ```ts
 * import { fromJwe, open, seal, toJwe } from 'careseal/envelope'
 * import { generateKey, p256, xWing } from 'careseal/keys'
 *
 * const old = await generateKey(p256)
 * const note = new TextEncoder().encode('Hb 7.1 g/dL')
 * const jwe = await toJwe(note, { recipients: [old.publicKey], mediaType: 'text/plain' })
 *
 * const { content, mediaType } = await fromJwe(jwe, { as: old })
 * const key = await generateKey(xWing)
 * const sealed = await seal(content, { recipients: [key.publicKey], mediaType: mediaType! })
 * console.log((await open(sealed, { as: key })).mediaType) // text/plain
 * ```
 * @see RFC 7516 §5.2, docs/migration.md
 */
export async function fromJwe(
  jwe: string | Uint8Array,
  options: FromJweOptions,
): Promise<OpenedJwe> {
  const {
    as,
    algorithms = [ecdhEs, joseHpke],
    ecdh,
    signal,
  } = knownOptions(options, ['as', 'algorithms', 'ecdh', 'signal'])
  throwIfAborted(signal)
  const readers = readerKeys(as)
  const agreeing = { ecdh: ecdhArgument(ecdh), signal }
  const methods = methodsArgument(algorithms)
  const parsed = parseJwe(typeof jwe === 'string' ? jwe : bytesArgument(jwe, 'jwe'))
  const { protectedHeader, protectedJson, aad } = parsed
  const mediaType = mediaTypeOf(textOf(protectedHeader, 'cty'))
  const content = await firstThatOpens(parsed, attemptsOf(parsed, readers, methods), agreeing)
  return { ...foreignContent(content, mediaType), protectedHeader: protectedJson, aad }
}

function methodsArgument(algorithms: readonly JweAlgorithm[]): JweMethod[] {
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    throw new TypeError('algorithms must be an array with ecdhEs, joseHpke or both')
  }
  return algorithms.map((one, i) => methodOf(one, `algorithms[${i}]`))
}

/** Entries that name a key of the reader, then others of its algorithms, at most 64 for each key. */
function attemptsOf(
  { entries }: ParsedJwe,
  readers: readonly ReaderKey[],
  methods: readonly JweMethod[],
): Attempt[] {
  const usable = entries.flatMap((entry) => {
    const method = methods.find(({ algs }) => algs.includes(entry.alg))
    return method === undefined ? [] : [{ entry, method }]
  })
  if (usable.length === 0) throw notAccepted(entries[0]!.alg)
  if (entries.length > 1 && entries.some(({ alg }) => isDirect(alg))) {
    throw malformedJwe('an alg for one recipient beside other recipients')
  }
  const attempts: Attempt[] = []
  for (const named of [true, false]) {
    for (const reader of readers) {
      const { publicKey, retired } = reader
      const ids = [jwkThumbprint(publicKey), toBase64Url(publicKey.id)]
      const own = usable.filter(
        ({ entry, method }) =>
          (entry.kid !== null && ids.includes(entry.kid)) === named &&
          (named || retired === null) &&
          method.fits(entry, publicKey.algorithm),
      )
      attempts.push(...own.slice(0, maximumTrials).map((one) => ({ ...one, reader })))
    }
  }
  if (attempts.length === 0) throw new EnvelopeRecipientNotFound()
  // A ring may hold two of the readers, one of them retired: that one last.
  return attempts.sort(
    (a, b) => Number(a.reader.retired !== null) - Number(b.reader.retired !== null),
  )
}

/** The agreed key, or HPKE itself, encrypts the content: such a JWE has one recipient (RFC 7516 §7.2.1). */
function isDirect(alg: string): boolean {
  return alg === 'dir' || alg === 'ECDH-ES' || /^HPKE-\d+$/.test(alg)
}

function notAccepted(alg: string): AlgorithmUnsupported {
  const known = [ecdhEs, joseHpke].find((one) => methodOf(one, '').algs.includes(alg))
  if (known === undefined) return unsupported(alg)
  const { constant } = methodOf(known, '')
  return new AlgorithmUnsupported(
    `This JWE uses ${alg}, which was not accepted. Import ${constant} from careseal/envelope and pass it in { algorithms }.`,
  )
}

/** What is wrong with one entry, or with the key that it is for, while another one may open all the same. */
const ofOneEntry = [
  'ERR_KEY_UNAVAILABLE',
  'ERR_ENVELOPE_MALFORMED',
  'ERR_ALGORITHM_UNSUPPORTED',
  'ERR_KEY_DISABLED',
] as const

async function firstThatOpens(
  jwe: ParsedJwe,
  attempts: readonly Attempt[],
  options: AgreeOptions,
): Promise<Uint8Array> {
  const errors: unknown[] = []
  const silent = new Set<ReaderKey>()
  for (const [i, { entry, method, reader }] of attempts.entries()) {
    // A silent key is asked once.
    if (silent.has(reader)) continue
    // Each costs milliseconds, and a stranger chose how many there are.
    if (i > 0 && i % 4 === 0) await turn()
    throwIfAborted(options.signal)
    try {
      const content = await method.open(jwe, entry, reader, options)
      if (content !== null) return content
    } catch (error) {
      throwIfAborted(options.signal)
      if (isCaresealError(error, 'ERR_ENVELOPE_OPEN_FAILED')) continue
      if (!ofOneEntry.some((code) => isCaresealError(error, code))) throw error
      if (isCaresealError(error, 'ERR_KEY_UNAVAILABLE')) silent.add(reader)
      errors.push(error)
    }
  }
  // A retry may help where a key was silent; nothing else is worth more than the first error.
  throw (
    errors.find((error) => isCaresealError(error, 'ERR_KEY_UNAVAILABLE')) ??
    errors[0] ??
    new EnvelopeOpenFailed()
  )
}

/** RFC 7515 §4.1.10: without a slash it stands for a subtype of `application`. */
function mediaTypeOf(cty: string | null): string | null {
  if (cty === null || cty === '') return null
  if (!isMediaText(cty)) throw malformedJwe('a cty with characters that no media type has')
  return cty.includes('/') ? cty : `application/${cty}`
}
