export { decodeForeign, decodeStrict, type MalformedCbor } from './decode.ts'
export {
  type CborKey,
  type CborMap,
  type CborValue,
  encodeCbor,
  encodeHead,
  Tagged,
} from './encode.ts'
