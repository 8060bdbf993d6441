import { AlgorithmUnsupported, PolicyMalformed } from '../errors.ts'
import { toHex } from '../internal/bytes.ts'
import { ed25519Verifier, isEd25519PublicKey } from '../internal/engine/ed25519Verify.ts'
import { knownOptions } from '../internal/options.ts'
import { encodeUtf8, isWellFormed } from '../internal/utf8.ts'
import type { Checkpoint } from './checkpoint.ts'
import { cosignatureTime, cosignedMessage } from './cosignature.ts'
import { parseDecimal } from './note.ts'
import type { LogPolicy, NoteVerdict, NoteVerifier } from './types.ts'
import { decodeVerifierKey, typeCosignature, typeEd25519, type VerifierKey } from './verifierKey.ts'

/** Options of {@link parseLogPolicy}. */
export interface ParseLogPolicyOptions {
  /** Verifiers for types of keys that are not built in; Ed25519 (1) and Ed25519 cosignatures (4) are. */
  readonly verifiers?: readonly NoteVerifier[] | undefined
}

/** A key of a policy that checks signatures. */
export interface PolicyKey {
  /** Name of the key; the origin, if it is a log's. */
  readonly name: string
  readonly keyId: number
  /** Name of the witness in the policy; `null` if it is a log. */
  readonly witness: string | null
  /** `null` if the signature is bad, else the stated time, where there is one. */
  verify(checkpoint: Checkpoint, signature: Uint8Array): Promise<NoteVerdict | null>
}

/** What stands behind a {@link LogPolicy}. */
export interface PolicyInternals {
  readonly keys: readonly PolicyKey[]
  /** Whether these witnesses fill the quorum. */
  fills(witnesses: ReadonlySet<string>): boolean
}

/** What a name of the policy stands for: whether it counts as having cosigned. */
type Member = (witnesses: ReadonlySet<string>) => boolean

/** `Symbol.for`, so that two loaded copies understand each other. */
const hidden: symbol = /* @__PURE__ */ Symbol.for('careseal.log-policy/1')
const maximumLength = 1 << 20
const maximumEach = 256
// biome-ignore lint/suspicious/noControlCharactersInRegex: policies have none but tabs and newlines
const control = /[\u0000-\u0008\u000b-\u001f\u007f]/

/**
 * Reads a policy: which logs are trusted, which witnesses, and how many of these must have cosigned. Quorums
 * count distinct witnesses: one name is a member of one group at most, and one key is one witness.
 *
 * @param text - The policy in the format of c2sp.org/tlog-policy.
 * @param options - Verifiers for further types of keys.
 * @returns The policy.
 * @throws {@link TypeError} if `text` is no string.
 * @throws {@link PolicyMalformed} if a line is not as it should be, a name is unknown, used twice or a key stands
 * twice; the message names the line.
 * @throws {@link AlgorithmUnsupported} if a key is of a type without a verifier.
 * @example
 * One log, two of three witnesses.
 * ```ts
 * import { formatVerifierKey, parseLogPolicy } from 'careseal/log'
 * import { ed25519, generateKey } from 'careseal/keys'
 *
 * const key = async (name: string, type: number) => {
 *   const { publicKey } = await generateKey(ed25519)
 *   return formatVerifierKey({ name, type, publicKey: publicKey.bytes })
 * }
 * const policy = parseLogPolicy(`
 * log ${await key('clinic.example/log', 1)}
 * witness a ${await key('a.example', 4)}
 * witness b ${await key('b.example', 4)}
 * witness c ${await key('c.example', 4)}
 * group two-of-three 2 a b c
 * quorum two-of-three
 * `)
 * console.log(policy.witnesses.length) // 3
 * ```
 * @see https://c2sp.org/tlog-policy
 */
export function parseLogPolicy(text: string, options: ParseLogPolicyOptions = {}): LogPolicy {
  if (typeof text !== 'string') throw new TypeError('text must be a string')
  if (text.length > maximumLength || control.test(text) || !isWellFormed(text)) {
    throw new PolicyMalformed(
      'A policy with control characters, lone surrogates or more than 2^20 characters.',
    )
  }
  const parser = new Parser(knownOptions(options, ['verifiers']).verifiers ?? [])
  text.split('\n').forEach((line, i) => {
    const words = line.split(/[ \t]+/).filter((word) => word !== '')
    if (words.length > 0 && !words[0]!.startsWith('#')) parser.line(words, i + 1)
  })
  return parser.policy()
}

/** What stands behind a policy; a TypeError for anything that is none. */
export function policyInternals(policy: LogPolicy): PolicyInternals {
  const internals = (policy as unknown as Record<symbol, PolicyInternals> | null)?.[hidden]
  if (internals === undefined) throw new TypeError('policy must come from parseLogPolicy')
  return internals
}

class Parser {
  readonly #verifiers: readonly NoteVerifier[]
  readonly #keys: PolicyKey[] = []
  readonly #logs: LogPolicy['logs'][number][] = []
  readonly #witnesses: LogPolicy['witnesses'][number][] = []
  readonly #members = new Map<string, Member>()
  /** Names that are a member of a group already, and keys that stand in the policy already. */
  readonly #used = new Set<string>()
  #quorum: { readonly name: string | null; readonly fills: Member } | null = null
  #line = 0

  constructor(verifiers: readonly NoteVerifier[]) {
    this.#verifiers = verifiers
  }

  line(words: readonly string[], number: number): void {
    this.#line = number
    const [keyword, first = '', ...rest] = words
    if (keyword === 'log' && rest.length <= 1) this.#log(first, rest[0] ?? null)
    else if (keyword === 'witness' && rest.length >= 1 && rest.length <= 2) {
      this.#witness(first, rest[0]!, rest[1] ?? null)
    } else if (keyword === 'group' && rest.length >= 2) this.#group(first, rest[0]!, rest.slice(1))
    else if (keyword === 'quorum' && rest.length === 0) this.#setQuorum(first)
    else throw this.#malformed('is no log, witness, group or quorum')
  }

  policy(): LogPolicy {
    const quorum = this.#quorum
    if (quorum === null)
      throw new PolicyMalformed('The policy has no quorum line; "quorum none" demands no witness.')
    const internals: PolicyInternals = { keys: this.#keys, fills: quorum.fills }
    return Object.freeze({
      logs: Object.freeze(this.#logs),
      witnesses: Object.freeze(this.#witnesses),
      quorum: quorum.name,
      [hidden]: internals,
    }) as unknown as LogPolicy
  }

  #log(verifierKey: string, url: string | null): void {
    const key = this.#key(verifierKey, 'log', null, typeEd25519)
    if (this.#logs.push(Object.freeze({ origin: key.name, verifierKey, url })) > maximumEach)
      throw this.#tooMany()
  }

  #witness(name: string, verifierKey: string, url: string | null): void {
    this.#define(name, (witnesses) => witnesses.has(name))
    this.#key(verifierKey, 'witness', name, typeCosignature)
    if (this.#witnesses.push(Object.freeze({ name, verifierKey, url })) > maximumEach)
      throw this.#tooMany()
  }

  #group(name: string, threshold: string, names: readonly string[]): void {
    const members = names.map((member) => {
      const found = this.#find(member)
      if (!this.#once(`member ${member}`)) throw this.#malformed('names a member of a group again')
      return found
    })
    const k =
      threshold === 'all' ? members.length : threshold === 'any' ? 1 : parseDecimal(threshold)
    if (k === null || k < 1 || k > members.length)
      throw this.#malformed('has a threshold that no group of that size has')
    this.#define(name, (witnesses) => members.filter((member) => member(witnesses)).length >= k)
  }

  #setQuorum(name: string): void {
    if (this.#quorum !== null) throw this.#malformed('is a second quorum')
    this.#quorum =
      name === 'none' ? { name: null, fills: () => true } : { name, fills: this.#find(name) }
  }

  #find(name: string): Member {
    const member = this.#members.get(name)
    if (member === undefined) throw this.#malformed('names what no line before it defines')
    return member
  }

  #define(name: string, member: Member): void {
    if (name === 'none' || this.#members.has(name)) throw this.#malformed('defines a name again')
    if (this.#members.size >= 2 * maximumEach) throw this.#tooMany()
    this.#members.set(name, member)
  }

  #key(text: string, role: string, witness: string | null, builtIn: number): VerifierKey {
    const key = decodeVerifierKey(text)
    if (key === null) throw this.#malformed('has a key that is no verifier key')
    const verifier = this.#verifiers.find(({ type }) => type === key.type)
    if (verifier === undefined && key.type !== builtIn) {
      throw new AlgorithmUnsupported(
        `Line ${this.#line} of the policy: a ${role} with a key of type ${key.type}. Pass a verifier for it in { verifiers }.`,
      )
    }
    const size = verifier?.publicKeySize ?? 32
    if (
      key.publicKey.length !== size ||
      (verifier === undefined && !isEd25519PublicKey(key.publicKey))
    ) {
      throw this.#malformed('has a public key that is none of its type')
    }
    // The same key under another name is the same log or witness; name and id say which key signed a line.
    if (!this.#once(`${role} ${toHex(key.publicKey)}`) || !this.#once(`${key.name}+${key.keyId}`)) {
      throw this.#malformed('has a key that stands in the policy already')
    }
    const { name, keyId } = key
    const verify: PolicyKey['verify'] = verifier
      ? (checkpoint, signature) => verifier.verify(key, checkpoint, signature)
      : ed25519(key)
    this.#keys.push({ name, keyId, witness, verify })
    return key
  }

  /** Whether this is the first time. */
  #once(what: string): boolean {
    if (this.#used.has(what)) return false
    this.#used.add(what)
    return true
  }

  #tooMany(): PolicyMalformed {
    return this.#malformed(`is one more than ${maximumEach} of its kind`)
  }

  #malformed(problem: string): PolicyMalformed {
    return new PolicyMalformed(`Line ${this.#line} of the policy ${problem}.`)
  }
}

/** Signatures over the text itself (1), or with a time in front (4). */
function ed25519({ type, publicKey }: VerifierKey): PolicyKey['verify'] {
  const verifier = ed25519Verifier(publicKey)
  return async ({ text }, signature) => {
    if (type === typeEd25519) {
      return (await verifier.verify(encodeUtf8(text), signature)) ? { time: null } : null
    }
    const time = cosignatureTime(signature)
    return time !== null &&
      (await verifier.verify(cosignedMessage(text, time), signature.subarray(8)))
      ? { time: new Date(Math.min(time, 8.64e12) * 1000) }
      : null
  }
}
