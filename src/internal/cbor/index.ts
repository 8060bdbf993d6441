export { decodeForeign, decodeStrict, type MalformedCbor } from './decode.ts'
export {
  type CborKey,
  type CborMap,
  type CborValue,
  cborLength,
  encodeAround,
  encodeCbor,
  Gap,
  headLength,
  Tagged,
} from './encode.ts'
