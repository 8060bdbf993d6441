import { scryptAsync } from '@noble/hashes/scrypt.js'
import { AlgorithmUnsupported } from '../../errors.ts'
import { throwIfAborted } from '../../internal/abort.ts'
import { concat, wipe } from '../../internal/bytes.ts'
import { knownOptions } from '../../internal/options.ts'
import { ascii, encodeUtf8, isWellFormed } from '../../internal/utf8.ts'
import { malformedAge } from './malformed.ts'
import { setDerive } from './passphrases.ts'
import type { AgePassphrase } from './types.ts'

/** Four GiB of memory. */
const largestFactor = 22

/** Options of {@link agePassphrase}. */
export interface AgePassphraseOptions {
  /**
   * The largest work factor that is computed, as base-two logarithm, 1 to 22: 18 takes 256 MiB of memory and about a
   * second, each step doubles both.
   *
   * @defaultValue 18, what age writes
   */
  readonly maximumWorkFactor?: number | undefined
}

/**
 * The passphrase of an age file, for `fromAge` and `openAge`. A function of its own, so that scrypt is in the bundle of
 * those only who use it.
 *
 * @param passphrase - The passphrase, as it was typed.
 * @param options - How much work a file may ask for.
 * @returns What to pass as `as`.
 * @throws {@link TypeError} if `passphrase` is no string, or an empty one.
 * @throws {@link RangeError} if `maximumWorkFactor` is out of range.
 * @see c2sp.org/age, "The scrypt recipient type"
 */
export function agePassphrase(
  passphrase: string,
  options: AgePassphraseOptions = {},
): AgePassphrase {
  const { maximumWorkFactor = 18 } = knownOptions(options, ['maximumWorkFactor'])
  if (typeof passphrase !== 'string' || passphrase === '' || !isWellFormed(passphrase)) {
    throw new TypeError('passphrase must be a string that is not empty')
  }
  if (
    !Number.isInteger(maximumWorkFactor) ||
    maximumWorkFactor < 1 ||
    maximumWorkFactor > largestFactor
  ) {
    throw new RangeError(`maximumWorkFactor must be an integer from 1 to ${largestFactor}`)
  }
  const value: AgePassphrase = Object.freeze({ kind: 'age-passphrase' })
  setDerive(value, {
    check(workFactor) {
      if (!/^[1-9]\d{0,2}$/.test(workFactor)) {
        throw malformedAge('a work factor that is no decimal number')
      }
      const factor = Number(workFactor)
      if (factor > maximumWorkFactor) {
        const remedy =
          factor <= largestFactor
            ? `Pass maximumWorkFactor: ${factor} if you trust the file`
            : `careseal computes none above ${largestFactor}: decrypt it with age`
        throw new AlgorithmUnsupported(
          `This age file asks for scrypt with a work factor of ${factor}, above the limit of ${maximumWorkFactor}. ${remedy}.`,
        )
      }
    },
    async key(salt, workFactor, signal) {
      throwIfAborted(signal)
      const secret = encodeUtf8(passphrase)
      const N = 2 ** workFactor
      // noble counts more than the 128·N·r bytes that the limit stands for.
      const maxmem = 128 * 8 * (N + 4) + 2 ** 20
      const full = concat(ascii('age-encryption.org/v1/scrypt'), salt)
      const onProgress = (): void => throwIfAborted(signal)
      const key = await scryptAsync(secret, full, { N, r: 8, p: 1, dkLen: 32, maxmem, onProgress })
      wipe(secret)
      return key
    },
  })
  return value
}
