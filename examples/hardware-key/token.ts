/**
 * Keys in a PKCS#11 token as careseal takes them: an `EcdhKey` for `dhkem`, and a `Signer`. The private keys are made in
 * the token, may neither be read nor wrapped, and stay there.
 */
import { createHash } from 'node:crypto'
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
/** The curves as DER OBJECT IDENTIFIERs (RFC 5480, RFC 8410). */
const p256Oid = Buffer.from('06082a8648ce3d030107', 'hex')
const ed25519Oid = Buffer.from('06032b6570', 'hex')

const { CKA_CLASS, CKA_DERIVE, CKA_EC_PARAMS, CKA_EC_POINT, CKA_EXTRACTABLE, CKA_LABEL } = pkcs11
const { CKA_PRIVATE, CKA_SENSITIVE, CKA_SIGN, CKA_TOKEN, CKA_VALUE, CKA_VALUE_LEN } = pkcs11

/** An ECDH key of the token. */
export interface TokenEcdhKey {
  /** What `dhkem` takes. */
  readonly key: EcdhKey
  /** Ends the key, in the token and for good. */
  destroy(): Promise<void>
  /** Tries to read the private key; a token that is worth its name refuses. */
  read(): Promise<Uint8Array>
}

/** A token with a user logged in. Keys are found by their labels, and made where there is none. */
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

  const generate = (mechanism: number, curve: Buffer, usage: number, name: string): void => {
    library.C_GenerateKeyPair(
      session,
      { mechanism },
      [
        { type: CKA_TOKEN, value: true },
        { type: CKA_LABEL, value: name },
        { type: CKA_EC_PARAMS, value: curve },
      ],
      [
        { type: CKA_TOKEN, value: true },
        { type: CKA_LABEL, value: name },
        { type: CKA_PRIVATE, value: true },
        { type: CKA_SENSITIVE, value: true },
        { type: CKA_EXTRACTABLE, value: false },
        { type: CKA_DERIVE, value: usage === CKA_DERIVE },
        { type: CKA_SIGN, value: usage === CKA_SIGN },
      ],
    )
  }
  /** Looked up for each use: handles of private objects end with a logout, and with the process. */
  const find = (type: number, name: string): Handle => {
    library.C_FindObjectsInit(session, [
      { type: CKA_CLASS, value: type },
      { type: CKA_LABEL, value: name },
    ])
    const [found] = library.C_FindObjects(session, 1)
    library.C_FindObjectsFinal(session)
    if (found === undefined) throw new Error(`the token has no key ${name}, or nobody is logged in`)
    return found
  }
  const privateKey = (name: string): Handle => find(pkcs11.CKO_PRIVATE_KEY, name)
  const attribute = (object: Handle, type: number): Buffer =>
    library.C_GetAttributeValue(session, object, [{ type }])[0]!.value as Buffer
  /** The public key of that label; `make` makes the pair where there is none. */
  const pointOf = (name: string, make: () => void): Uint8Array => {
    try {
      find(pkcs11.CKO_PUBLIC_KEY, name)
    } catch {
      make()
    }
    // CKA_EC_POINT is a DER OCTET STRING around the point; its head has two bytes.
    return new Uint8Array(attribute(find(pkcs11.CKO_PUBLIC_KEY, name), CKA_EC_POINT)).slice(2)
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
      const key: EcdhKey = {
        publicKey: await alone(() => pointOf(name, make)),
        ecdh: (peer) =>
          alone(async () => {
            const parameter = {
              type: pkcs11.CK_PARAMS_EC_DH,
              kdf: pkcs11.CKD_NULL,
              publicData: Buffer.from(peer),
            }
            const how: Mechanism = { mechanism: pkcs11.CKM_ECDH1_DERIVE, parameter }
            const secret = await library.C_DeriveKeyAsync(
              session,
              how,
              privateKey(name),
              secretTemplate,
            )
            try {
              return attribute(secret, CKA_VALUE)
            } finally {
              library.C_DestroyObject(session, secret)
            }
          }),
      }
      return {
        key,
        destroy: () =>
          alone(() => {
            library.C_DestroyObject(session, privateKey(name))
            library.C_DestroyObject(session, find(pkcs11.CKO_PUBLIC_KEY, name))
          }),
        read: () => alone(() => attribute(privateKey(name), CKA_VALUE)),
      }
    },
    async signer(name, algorithm) {
      if (algorithm !== es256 && algorithm !== ed25519) throw new TypeError('ES256 or Ed25519')
      const isEd25519 = algorithm === ed25519
      const make = (): void =>
        isEd25519
          ? generate(ckmEcEdwardsKeyPairGen, ed25519Oid, CKA_SIGN, name)
          : generate(pkcs11.CKM_EC_KEY_PAIR_GEN, p256Oid, CKA_SIGN, name)
      return {
        publicKey: importPublicKey(algorithm, await alone(() => pointOf(name, make))),
        sign: (message) =>
          alone(async () => {
            // CKM_ECDSA takes the digest and answers r ‖ s; CKM_EDDSA takes the message.
            const input = isEd25519 ? message : createHash('sha256').update(message).digest()
            const mechanism = isEd25519 ? ckmEddsa : pkcs11.CKM_ECDSA
            library.C_SignInit(session, { mechanism }, privateKey(name))
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
