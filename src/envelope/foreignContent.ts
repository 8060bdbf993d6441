import type { OpenedContent } from './types.ts'

/** What is known of content that came out of another format: what it is, and nothing about who wrote it. */
export function foreignContent(content: Uint8Array, mediaType: string | null): OpenedContent {
  return {
    content,
    mediaType,
    signers: [],
    authors: [],
    addressed: 'unstated',
    security: 'classical',
    committed: false,
    envelopeId: null,
  }
}
