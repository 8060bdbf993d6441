/**
 * Keys, identities and who vouches for them.
 *
 * @module careseal/keys
 */
export {
  ed25519,
  es256,
  es256k,
  mlDsa65,
  mlKem768P256,
  p256,
  x25519,
  xWing,
} from './algorithms.ts'
export { fromCoseKey, toCoseKey } from './coseKey.ts'
export { type DhkemOptions, dhkem, type EcdhKey } from './dhkem.ts'
export { type DirectoryEntry, keyDirectory } from './directory.ts'
export { type ExportIdentityOptions, exportIdentity } from './exportIdentity.ts'
export { type HybridKemOptions, hybridKem, type MlKemKey } from './hybridKem.ts'
export {
  type CreateIdentityOptions,
  createIdentity,
  type DecodeIdentityOptions,
  decodePublicIdentity,
  encodePublicIdentity,
  type GenerateIdentityOptions,
  generateIdentity,
  unverifiedIdentity,
} from './identity.ts'
export {
  type ImportedIdentity,
  type ImportIdentityOptions,
  importIdentity,
} from './importIdentity.ts'
export { type FromJwkOptions, type FromSecretJwkOptions, fromJwk, type Jwk, toJwk } from './jwk.ts'
export { createKeyRing, rotateKey, setKeyStatus } from './keyRing.ts'
export { destroyKey, exportSeed, generateKey, keyFromSeed } from './local.ts'
export {
  type AcceptedAlgorithms,
  fromDidKey,
  fromMultikey,
  toDidKey,
  toMultikey,
} from './multikey.ts'
export { fromPem, toPem } from './pem/pem.ts'
export { importPublicKey } from './publicKey.ts'
export type {
  AnyPublicKey,
  CallOptions,
  Decapsulator,
  Identity,
  KemAlgorithm,
  KemPublicKey,
  KeyDirectory,
  KeyRecord,
  KeyRing,
  KeyRingEntry,
  KeyStatus,
  KeyWrapper,
  LocalDecapsulator,
  LocalIdentity,
  LocalSigner,
  PublicIdentity,
  PublicKey,
  SignatureAlgorithm,
  SignaturePublicKey,
  Signer,
} from './types.ts'
export { verifySignature } from './verifySignature.ts'
export {
  type WebCryptoHalf,
  type WebCryptoKeyOptions,
  type WebCryptoPair,
  webCryptoKey,
} from './webCryptoKey.ts'
export { type KmsWrapperOptions, kmsWrapper } from './wrap/kmsWrapper.ts'
export { type PassphraseOptions, passphraseWrapper } from './wrap/passphraseWrapper.ts'
export { secretWrapper } from './wrap/secretWrapper.ts'
