#!/usr/bin/env node
// Signs what `npm run package -- --update-feed …` left for publishing: beside each dist/latest*.yml a .sig.
//   openssl genpkey -algorithm ed25519 -out update.key; openssl pkey -in update.key -pubout -out update.pem
//   node scripts/sign-update.mjs update.key
// Then publish the files of dist/ below the feed's address, latest*.yml and its .sig last.
import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root, say } from './lib/setup.mjs'

const [keyFile, folder = join(root, 'dist')] = process.argv.slice(2)
if (!keyFile) throw new Error('which private key? node scripts/sign-update.mjs KEY.pem [FOLDER]')
const key = createPrivateKey(readFileSync(resolve(keyFile)))
if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${keyFile} is not an Ed25519 key`)
const feeds = readdirSync(folder).filter(name => /^latest.*\.yml$/.test(name))
if (feeds.length === 0) throw new Error(`there is no latest*.yml in ${folder}: was it packaged with --update-feed?`)
for (const name of feeds) {
  writeFileSync(
    join(folder, `${name}.sig`),
    `${sign(null, readFileSync(join(folder, name)), key).toString('base64')}\n`,
  )
  say(`signed ${name}`)
}
