import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where distributions put the module; `PKCS11_MODULE` names another. */
const modules = [
  process.env['PKCS11_MODULE'],
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]

/** A fresh SoftHSM2 token in a temporary folder; a real HSM is set up by its vendor's tools instead. */
export function initializeSoftHsm(label: string, pin: string): { module: string; folder: string } {
  const module = modules.find((path) => path !== undefined && existsSync(path))
  if (module === undefined) throw new Error('SoftHSM2 not found: apt-get install softhsm2')
  const folder = mkdtempSync(join(tmpdir(), 'careseal-token-'))
  mkdirSync(join(folder, 'tokens'))
  const configuration = join(folder, 'softhsm2.conf')
  writeFileSync(
    configuration,
    `directories.tokendir = ${join(folder, 'tokens')}\nlog.level = ERROR\n`,
  )
  process.env['SOFTHSM2_CONF'] = configuration
  const args = ['--init-token', '--free', '--label', label, '--so-pin', '12345678', '--pin', pin]
  execFileSync('softhsm2-util', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return { module, folder }
}
