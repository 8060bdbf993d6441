import { concat, wipe } from '../../internal/bytes.ts'
import type { Aead } from '../../internal/engine/aead.ts'
import { gcm } from '../../internal/engine/gcm.ts'
import { gcm128 } from '../../internal/engine/gcm128.ts'
import { malformedJwe, textOf, unsupported } from './header.ts'
import type { JweEntry, ParsedJwe } from './parseJwe.ts'

/** A content encryption of RFC 7518 §5.3. */
export interface ContentEncryption {
  readonly name: string
  readonly keySize: 16 | 32
  readonly aead: Aead
}

/** The content encryption that an entry's header names. */
export function contentEncryption({ header }: JweEntry): ContentEncryption {
  const name = textOf(header, 'enc')
  if (name === 'A256GCM') return { name, keySize: 32, aead: gcm }
  if (name === 'A128GCM') return { name, keySize: 16, aead: gcm128 }
  if (name === null) throw malformedJwe('a recipient without enc')
  throw unsupported(name)
}

/** IV and tag in the exact lengths of AES-GCM (RFC 7518 §5.3), before any key is asked. */
export function checkContent({ iv, tag }: ParsedJwe): void {
  if (iv.length !== 12) throw malformedJwe('an iv that has not 12 bytes')
  if (tag.length !== 16) throw malformedJwe('a tag that has not 16 bytes')
}

/** Decrypts the content and wipes the key; `null` where the tag does not fit. */
export async function openContentOf(
  jwe: ParsedJwe,
  { aead, keySize }: ContentEncryption,
  contentKey: Uint8Array | null,
): Promise<Uint8Array | null> {
  try {
    if (contentKey === null || contentKey.length !== keySize) return null
    return await aead.open(contentKey, jwe.iv, jwe.additional, concat(jwe.ciphertext, jwe.tag))
  } finally {
    wipe(contentKey)
  }
}
