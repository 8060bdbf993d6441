import { open, seal } from 'careseal/envelope'
import { keyDirectory } from 'careseal/keys'
import { openDatabase, read, writeOnce } from './database.ts'
import { loadIdentity } from './identity.ts'

/** What a visit did. */
export interface Visit {
  /** Whether an earlier visit's envelope was opened. */
  readonly reopened: boolean
  /** What happened, in order. */
  readonly lines: string[]
}

const note = 'Blood pressure 128/81'

/** First visit: makes the keys and seals. Every later one: opens what the first one sealed. */
export async function visit(name = 'careseal-browser-key'): Promise<Visit> {
  const database = await openDatabase(name)
  const { identity, stored } = await loadIdentity(database)
  const lines = [`This browser is ${identity.public.did}`]
  const envelope = await read<Uint8Array>(database, 'envelope')
  if (envelope === undefined) {
    const content = new TextEncoder().encode(note)
    const sealed = await seal(content, { author: identity, recipients: [identity.public] })
    await writeOnce(database, 'envelope', sealed)
    return { reopened: false, lines: [...lines, `Sealed ${sealed.length} bytes and stored them`] }
  }
  const authors = keyDirectory([identity.public])
  const opened = await open(envelope, { as: identity, authors })
  const text = new TextDecoder().decode(opened.content)
  if (text !== note) throw new Error('that is not what was sealed')
  lines.push(`Opened with the stored key: ${text}`)
  for (const [what, { privateKey }] of Object.entries({
    'decryption key': stored.opening,
    'signing key': stored.signing,
  })) {
    for (const format of ['pkcs8', 'jwk'] as const) {
      const exported = await crypto.subtle.exportKey(format, privateKey).then(
        () => true,
        (error: unknown) => (error as Error).name !== 'InvalidAccessError',
      )
      if (exported) throw new Error(`the ${what} can be exported`)
    }
    lines.push(`The ${what} cannot be exported`)
  }
  return { reopened: true, lines }
}
