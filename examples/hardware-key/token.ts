/**
 * Keys in a PKCS#11 token as careseal takes them: an `EcdhKey` for `dhkem`, and a `Signer`. The private keys are made in
 * the token, may neither be read nor wrapped, and stay there.
 */
import { createECDH, createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  type EcdhKey,
  ed25519,
  es256,
  importPublicKey,
  type SignatureAlgorithm,
  type Signer,
} from 'careseal/keys'
import pkcs11, { type Handle, type Mechanism, type Template } from 'pkcs11js'

/** Of PKCS#11 3.0; the binding has no names for them. */
const ckmEcEdwardsKeyPairGen = 0x1055
const ckmEddsa = 0x1057
/** State of a session whose user is logged in and may write. */
const cksRwUserFunctions = 3
/** The curves as DER OBJECT IDENTIFIERs (RFC 5480, RFC 8410). */
const p256Oid = Buffer.from('06082a8648ce3d030107', 'hex')
const ed25519Oid = Buffer.from('06032b6570', 'hex')

const { CKA_CLASS, CKA_DERIVE, CKA_EC_PARAMS, CKA_EC_POINT, CKA_EXTRACTABLE, CKA_ID } = pkcs11
const { CKA_LABEL, CKA_PRIVATE, CKA_SENSITIVE, CKA_SIGN, CKA_TOKEN, CKA_VALUE, CKA_VALUE_LEN } =
  pkcs11

/** An ECDH key of the token. */
export interface TokenEcdhKey {
  /** What `dhkem` takes. */
  readonly key: EcdhKey
  /** Ends the key, in the token and for good. */
  destroy(): Promise<void>
  /** Tries to read the private key; a token that is worth its name refuses. */
  read(): Promise<Uint8Array>
}

/** The halves of one pair: the same CKA_ID, and a label that no other pair has. */
interface Pair {
  readonly id: Buffer
  readonly point: Uint8Array
}

/** A token with a user logged in. Keys are found by their labels, and made where there is none for certain. */
export interface Token {
  /** Whether it can do Ed25519. */
  readonly hasEd25519: boolean
  ecdhKey(label: string): Promise<TokenEcdhKey>
  signer(label: string, algorithm: SignatureAlgorithm): Promise<Signer>
  logout(): Promise<void>
  login(): Promise<void>
  close(): void
}

/** Opens the token of that label with the module of the HSM's vendor. */
export function openToken(module: string, label: string, pin: string): Token {
  const library = new pkcs11.PKCS11()
  library.load(module)
  library.C_Initialize()
  const slot = library
    .C_GetSlotList(true)
    .find((one) => library.C_GetTokenInfo(one).label.trim() === label)
  if (slot === undefined) throw new Error(`no token ${label}`)
  const session = library.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION)
  library.C_Login(session, pkcs11.CKU_USER, pin)
  const hasEd25519 = library.C_GetMechanismList(slot).includes(ckmEddsa)

  // A session does one thing at a time: C_SignInit of one call must not meet C_Sign of another.
  let last: Promise<unknown> = Promise.resolve()
  const alone = <T>(operation: () => T | Promise<T>): Promise<T> => {
    const result = last.then(operation)
    last = result.catch(() => {})
    return result
  }

  const attribute = (object: Handle, type: number): Buffer =>
    library.C_GetAttributeValue(session, object, [{ type }])[0]!.value as Buffer

  const generate = (mechanism: number, curve: Buffer, usage: number, name: string): void => {
    const both = [
      { type: CKA_TOKEN, value: true },
      { type: CKA_LABEL, value: name },
      // What tells this pair from all others, for good.
      { type: CKA_ID, value: randomBytes(16) },
    ]
    library.C_GenerateKeyPair(
      session,
      { mechanism },
      [...both, { type: CKA_EC_PARAMS, value: curve }],
      [
        ...both,
        { type: CKA_PRIVATE, value: true },
        { type: CKA_SENSITIVE, value: true },
        { type: CKA_EXTRACTABLE, value: false },
        { type: CKA_DERIVE, value: usage === CKA_DERIVE },
        { type: CKA_SIGN, value: usage === CKA_SIGN },
      ],
    )
  }

  /** All objects of a class with that attribute; what fails is thrown, and never looks like nothing found. */
  const findAll = (kind: number, type: number, value: string | Buffer): Handle[] => {
    library.C_FindObjectsInit(session, [
      { type: CKA_CLASS, value: kind },
      { type: CKA_TOKEN, value: true },
      { type, value },
    ])
    try {
      return library.C_FindObjects(session, 16)
    } finally {
      library.C_FindObjectsFinal(session)
    }
  }

  /** Looked up for each use: handles of private objects end with a logout, and with the process. */
  const handleOf = (kind: number, { id }: Pair): Handle => {
    const [found, ...others] = findAll(kind, CKA_ID, id)
    if (found === undefined) throw new Error('the token has no such key, or nobody is logged in')
    if (others.length > 0) throw new Error('the token has several keys of one CKA_ID')
    return found
  }
  const privateKey = (pair: Pair): Handle => handleOf(pkcs11.CKO_PRIVATE_KEY, pair)

  /**
   * The pair of that label. `make` runs only where two searches that succeeded, by a user who is logged in, have found
   * neither half: a second pair beside the first would be another key, to which some envelopes are sealed and some not.
   */
  const pairOf = (name: string, make: () => void): Pair => {
    const search = (): [Handle[], Handle[]] => [
      findAll(pkcs11.CKO_PUBLIC_KEY, CKA_LABEL, name),
      findAll(pkcs11.CKO_PRIVATE_KEY, CKA_LABEL, name),
    ]
    let [publicKeys, privateKeys] = search()
    if (publicKeys.length === 0 && privateKeys.length === 0) {
      if (library.C_GetSessionInfo(session).state !== cksRwUserFunctions) {
        throw new Error('nobody is logged in to the token, so that private keys do not show')
      }
      make()
      ;[publicKeys, privateKeys] = search()
    }
    const [publicKey, privateHalf] = [publicKeys[0], privateKeys[0]]
    const one = publicKeys.length === 1 && privateKeys.length === 1
    if (!one || publicKey === undefined || privateHalf === undefined) {
      throw new Error(
        `the token has ${publicKeys.length} public and ${privateKeys.length} private keys ${name}, not one of each: log in, or give all but one pair another label`,
      )
    }
    const id = attribute(publicKey, CKA_ID)
    if (id.length === 0 || !id.equals(attribute(privateHalf, CKA_ID))) {
      throw new Error(`the halves of ${name} have not one CKA_ID: they are of two pairs`)
    }
    // CKA_EC_POINT is a DER OCTET STRING around the point; its head has two bytes.
    return { id, point: new Uint8Array(attribute(publicKey, CKA_EC_POINT)).slice(2) }
  }

  /** Raw ECDH, read out of the token and destroyed there. */
  const derive = async (pair: Pair, peer: Uint8Array): Promise<Buffer> => {
    const parameter = {
      type: pkcs11.CK_PARAMS_EC_DH,
      kdf: pkcs11.CKD_NULL,
      publicData: Buffer.from(peer),
    }
    const how: Mechanism = { mechanism: pkcs11.CKM_ECDH1_DERIVE, parameter }
    const secret = await library.C_DeriveKeyAsync(session, how, privateKey(pair), secretTemplate)
    try {
      return attribute(secret, CKA_VALUE)
    } finally {
      library.C_DestroyObject(session, secret)
    }
  }

  /** One trial after each start: what is sealed to halves that do not belong together nobody can open. */
  const tryOut = async (pair: Pair): Promise<void> => {
    const peer = createECDH('prime256v1')
    peer.generateKeys()
    const [theirs, ours] = [await derive(pair, peer.getPublicKey()), peer.computeSecret(pair.point)]
    const belong = theirs.length === ours.length && timingSafeEqual(theirs, ours)
    theirs.fill(0)
    ours.fill(0)
    if (!belong) throw new Error('the token does not agree with its own public key')
  }

  const secretTemplate: Template = [
    { type: CKA_TOKEN, value: false },
    { type: CKA_CLASS, value: pkcs11.CKO_SECRET_KEY },
    { type: pkcs11.CKA_KEY_TYPE, value: pkcs11.CKK_GENERIC_SECRET },
    { type: CKA_VALUE_LEN, value: 32 },
    { type: CKA_SENSITIVE, value: false },
    { type: CKA_EXTRACTABLE, value: true },
  ]

  return {
    hasEd25519,
    async ecdhKey(name) {
      const mechanism = pkcs11.CKM_EC_KEY_PAIR_GEN
      const make = (): void => generate(mechanism, p256Oid, CKA_DERIVE, name)
      const pair = await alone(() => pairOf(name, make))
      await alone(() => tryOut(pair))
      return {
        key: { publicKey: pair.point, ecdh: (peer) => alone(() => derive(pair, peer)) },
        destroy: () =>
          alone(() => {
            library.C_DestroyObject(session, privateKey(pair))
            library.C_DestroyObject(session, handleOf(pkcs11.CKO_PUBLIC_KEY, pair))
          }),
        read: () => alone(() => attribute(privateKey(pair), CKA_VALUE)),
      }
    },
    async signer(name, algorithm) {
      if (algorithm !== es256 && algorithm !== ed25519) throw new TypeError('ES256 or Ed25519')
      const isEd25519 = algorithm === ed25519
      const make = (): void =>
        isEd25519
          ? generate(ckmEcEdwardsKeyPairGen, ed25519Oid, CKA_SIGN, name)
          : generate(pkcs11.CKM_EC_KEY_PAIR_GEN, p256Oid, CKA_SIGN, name)
      const pair = await alone(() => pairOf(name, make))
      return {
        publicKey: importPublicKey(algorithm, pair.point),
        sign: (message) =>
          alone(async () => {
            // CKM_ECDSA takes the digest and answers r ‖ s; CKM_EDDSA takes the message.
            const input = isEd25519 ? message : createHash('sha256').update(message).digest()
            const mechanism = isEd25519 ? ckmEddsa : pkcs11.CKM_ECDSA
            library.C_SignInit(session, { mechanism }, privateKey(pair))
            return library.C_SignAsync(session, Buffer.from(input), Buffer.alloc(64))
          }),
      }
    },
    logout: () => alone(() => library.C_Logout(session)),
    login: () => alone(() => library.C_Login(session, pkcs11.CKU_USER, pin)),
    close() {
      library.C_CloseSession(session)
      library.C_Finalize()
      library.close()
    },
  }
}
