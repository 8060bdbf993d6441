import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
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
}

if (missing === null) describe(title, body)
else if (process.env['CARESEAL_REQUIRE_ALL'] === '1')
  it(title, () => expect.fail(`required, but ${missing}`))
else describe.skip(`${title} (skipped: ${missing})`, body)
