/**
 * An identity whose keys were made in an HSM and never leave it: card, record, rotation. The HSM is SoftHSM2 here; what is
 * specific to it is in softhsm.ts, what is PKCS#11 in token.ts.
 */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { openRecord, sealRecord } from 'careseal'
import { rewrap } from 'careseal/envelope'
import { isCaresealError } from 'careseal/errors'
import {
  createIdentity,
  createKeyRing,
  decodePublicIdentity,
  dhkem,
  ed25519,
  encodePublicIdentity,
  es256,
  generateKey,
  keyDirectory,
  p256,
  rotateKey,
  setKeyStatus,
} from 'careseal/keys'
import { openLog, parseLogPolicy } from 'careseal/log'
import { memoryStore } from 'careseal/store'
import { initializeSoftHsm } from './softhsm.ts'
import { openToken } from './token.ts'

/** The code of what a call rejects with. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => assert.fail('that should not have worked'),
    (caught: unknown) => caught,
  )
  return isCaresealError(error) ? error.code : String((error as Error).message)
}

const { module, folder } = initializeSoftHsm('hospital', '4711-2026')
const token = openToken(module, 'hospital', '4711-2026')

try {
  const opening = await token.ecdhKey('opening 2026')
  const decapsulator = dhkem({ algorithm: p256, ...opening.key })
  console.log(`P-256 ECDH key in the token; reading it: ${await codeOf(opening.read())}`)

  const observation = '{"resourceType":"Observation","status":"final","valueInteger":7}'
  const logSigner = await generateKey(ed25519)
  const log = await openLog({
    origin: 'hospital.example/log',
    signer: logSigner,
    store: memoryStore(),
  })
  const trust = { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) }

  for (const algorithm of token.hasEd25519 ? [es256, ed25519] : [es256]) {
    const signer = await token.signer(`signing ${algorithm.name}`, algorithm)
    const physician = await createIdentity({ signer, decapsulator })
    const algorithms = [p256, es256, ed25519]
    const card = await decodePublicIdentity(encodePublicIdentity(physician.public), { algorithms })
    console.log(`${algorithm.name}: the token signed the card of ${card.did.slice(0, 24)}…`)

    const { envelope, receipt } = await sealRecord(observation, {
      author: physician,
      recipients: [card],
      log,
    })
    const authors = keyDirectory([{ identity: card, name: 'Dr Chen' }])
    const proof = { receipt, trust }
    const opened = await openRecord(envelope, { as: physician, authors, proof })
    assert.equal(new TextDecoder().decode(opened.content), observation)
    console.log(`${algorithm.name}: the token signed a record and opened it; the log proves it`)

    // Rotation: a second key in the token, the envelope moved to it, the first one destroyed there.
    const next = dhkem({ algorithm: p256, ...(await token.ecdhKey('opening 2027')).key })
    const ring = rotateKey(createKeyRing(decapsulator), next)
    const renewed = await createIdentity({ signer, decapsulator: ring })
    const moved = await rewrap(envelope, {
      as: ring,
      add: [ring.publicKey],
      remove: [decapsulator.publicKey],
    })
    const retired = setKeyStatus(ring, decapsulator.publicKey.id, 'destroyed')
    const again = await openRecord(moved, { as: { ...renewed, decapsulator: retired }, authors })
    assert.equal(again.id, opened.id)
    assert.equal(await codeOf(openRecord(envelope, { as: retired, authors })), 'ERR_KEY_DISABLED')
    console.log(`${algorithm.name}: rotated; the record opens with the new key alone`)

    // Many calls at once on one session: token.ts lines them up.
    const many = Array.from({ length: 8 }, () => openRecord(moved, { as: next, authors }))
    assert.equal((await Promise.all(many)).length, 8)

    // A token that is logged out does not answer: worth a retry, and nothing is lost.
    await token.logout()
    const silent = await codeOf(openRecord(moved, { as: next, authors }))
    await token.login()
    assert.equal((await openRecord(moved, { as: next, authors })).id, opened.id)
    console.log(`${algorithm.name}: logged out: ${silent}; logged in: it opens`)
  }

  await opening.destroy()
  const peer = (await generateKey(p256)).publicKey.bytes
  console.log(
    `the old key was destroyed in the token: ${await codeOf(decapsulator.decapsulate(peer))}`,
  )
  await log.close()
} finally {
  token.close()
  rmSync(folder, { recursive: true })
}
