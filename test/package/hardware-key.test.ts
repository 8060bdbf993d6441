import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = 'examples/hardware-key'
const onPath = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((path) => existsSync(join(path, name)))
const missing = !onPath('softhsm2-util')
  ? 'softhsm2 not found'
  : !existsSync(join(folder, 'node_modules/pkcs11js'))
    ? `node tools/setup.mjs ${folder} was not run`
    : null
const title = 'keys in SoftHSM2 over PKCS#11'

const body = (): void => {
  it('sign, open, are rotated and destroyed, and cannot be read', () => {
    const args = ['--import', 'tsx', `${folder}/main.ts`]
    const output = execFileSync(process.execPath, args, { encoding: 'utf8' })
    expect(output).toMatch(/^P-256 ECDH key in the token; reading it: CKR_ATTRIBUTE_SENSITIVE$/m)
    for (const name of ['ES256', 'Ed25519']) {
      expect(output).toMatch(new RegExp(`^${name}: the token signed the card of did:key:z`, 'm'))
      expect(output).toContain(`${name}: the token signed a record and opened it`)
      expect(output).toContain(`${name}: rotated; the record opens with the new key alone`)
      expect(output).toContain(`${name}: logged out: ERR_KEY_UNAVAILABLE; logged in: it opens`)
    }
    expect(output).toContain('the old key was destroyed in the token: ERR_KEY_UNAVAILABLE')
  })

  it('are never made twice: a search that fails finds not nothing', async () => {
    const { openToken } = await import('../../examples/hardware-key/token.ts')
    const { initializeSoftHsm } = await import('../../examples/hardware-key/softhsm.ts')
    const binding = createRequire(resolve(folder, 'main.ts'))('pkcs11js')
    const Real = binding.PKCS11
    /** Answers of a token that fails, by the name of the call. */
    const failing = new Map<string, (() => unknown)[]>()
    binding.PKCS11 = class extends Real {}
    for (const step of ['C_FindObjectsInit', 'C_FindObjects']) {
      binding.PKCS11.prototype[step] = function (...parameters: unknown[]) {
        const answer = failing.get(step)?.shift()
        return answer === undefined ? Real.prototype[step].apply(this, parameters) : answer()
      }
    }
    const { module, folder: temporary } = initializeSoftHsm('ward', '4711-2026')
    const token = openToken(module, 'ward', '4711-2026')
    try {
      const first = await token.ecdhKey('opening')
      for (const step of ['C_FindObjectsInit', 'C_FindObjects']) {
        const fails = () => {
          throw new Error('CKR_DEVICE_ERROR')
        }
        failing.set(step, [fails])
        await expect(token.ecdhKey('opening'), step).rejects.toThrow('CKR_DEVICE_ERROR')
      }
      expect((await token.ecdhKey('opening')).key.publicKey).toEqual(first.key.publicKey)

      await token.logout()
      await expect(token.ecdhKey('opening')).rejects.toThrow('0 private keys')
      await expect(token.ecdhKey('unheard of')).rejects.toThrow('nobody is logged in')
      await token.login()
      expect((await token.ecdhKey('opening')).key.publicKey).toEqual(first.key.publicKey)

      // Another process makes a pair between our search and our own: both are refused from then on.
      failing.set('C_FindObjects', [() => [], () => []])
      await expect(token.ecdhKey('opening')).rejects.toThrow('2 public and 2 private keys')
      await expect(token.ecdhKey('opening')).rejects.toThrow('2 public and 2 private keys')
      // A key that is in use is known by its CKA_ID.
      const { subtle } = globalThis.crypto
      const how = { name: 'ECDH', namedCurve: 'P-256' }
      const pair = await subtle.generateKey(how, true, ['deriveBits'])
      const peer = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
      expect(await first.key.ecdh(peer)).toHaveLength(32)
    } finally {
      token.close()
      binding.PKCS11 = Real
      rmSync(temporary, { recursive: true })
    }
  })
}

if (missing === null) describe(title, body)
else if (process.env['CARESEAL_REQUIRE_ALL'] === '1')
  it(title, () => expect.fail(`required, but ${missing}`))
else describe.skip(`${title} (skipped: ${missing})`, body)
