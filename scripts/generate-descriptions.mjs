#!/usr/bin/env node
// Extracts the descriptions of API types and fields from the declarations of Kubernetes' JavaScript client into
// out/openapi-descriptions.json, which the server reads to answer `kubectl explain`. It works without the file.
//
// The client's declarations say nothing of fields that are objects, and run paragraphs together: what it leaves out is
// taken from the package kubernetes-types, of an earlier version of Kubernetes.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const models = join(root, 'node_modules/kubernetes-texts/dist/gen/models')
const earlier = join(root, 'node_modules/kubernetes-types')
const target = process.argv[2] ?? join(root, 'out/openapi-descriptions.json')
if (!existsSync(models)) {
  console.log('descriptions: kubernetes-texts is not installed; kubectl explain will show types only')
  process.exit(0)
}
const types = JSON.parse(readFileSync(join(root, 'src/main/apiserver/schema/types.json'), 'utf8'))
const capital = text => text.charAt(0).toUpperCase() + text.slice(1)
const clean = text =>
  text
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, '').trim())
    .join(' ')
    .replace(/\\?&quot;/g, '"')
    .replace(/\\?&#(?:(\d+)|x([\da-f]+));/gi, (_, decimal, hex) =>
      String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16)),
    )
    .replace(/\\(["'])/g, '$1')
    .trim()

const flat = text => text.replace(/\s+/g, ' ')

/** @returns type → field → text, of a group's version as it was in the earlier one */
function earlierTexts(folder, version) {
  const file = join(earlier, folder, `${version}.d.ts`)
  const texts = {}
  if (!existsSync(file)) return texts
  for (const [, name, body] of readFileSync(file, 'utf8').matchAll(/^export interface (\w+) \{\n([\s\S]*?)^\}/gm))
    texts[name] = Object.fromEntries(
      [...body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:readonly )?"?([\w-]+)"?\??:/g)].map(
        ([, comment, field]) => [field, comment.replace(/^\s*\* ?/gm, '').trim()],
      ),
    )
  return texts
}
const earlierOf = new Map()

const descriptions = {}
let missing = 0
for (const id of Object.keys(types)) {
  const [folder, version, name] = id.split('.')
  const base = `${capital(version)}${name}`
  const file = [`${capital(folder)}${base}.d.ts`, `${base}.d.ts`].map(f => join(models, f)).find(existsSync)
  if (!file) {
    missing += 1
    continue
  }
  const source = readFileSync(file, 'utf8')
  const texts = {}
  const own = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export declare class/.exec(source)
  if (own) texts[''] = clean(own[1])
  for (const [, comment, field] of source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*'([^']+)'\??:/g)) {
    // Generated names avoid JavaScript's keywords with a leading underscore.
    const key = field.replace(/^_/, '')
    if (types[id].fields[key]) texts[key] = clean(comment)
  }
  const group = `${folder}/${version}`
  if (!earlierOf.has(group)) earlierOf.set(group, earlierTexts(folder, version))
  for (const [field, text] of Object.entries(earlierOf.get(group)[name] ?? {}))
    if (types[id].fields[field] && (!texts[field] || flat(texts[field]) === flat(text))) texts[field] = text
  descriptions[id] = texts
}
// What every kind and every list has says the same in all of them: those that are newer have no text of their own.
for (const [id, texts] of Object.entries(descriptions)) {
  const metadata = types[id].fields.metadata?.r
  const model = { 'meta.v1.ObjectMeta': 'core.v1.ConfigMap', 'meta.v1.ListMeta': 'core.v1.PodList' }[metadata]
  const said = model && descriptions[model]?.metadata
  if (said) texts.metadata ??= said
}
// What operations take, told with each operation of the client.
const operations = join(models, '../apis/CoreV1Api.d.ts')
const parameters = {}
if (existsSync(operations))
  for (const [, name, text] of readFileSync(operations, 'utf8').matchAll(
    /\* @param (\w+) ([\s\S]*?)(?=\n\s*\*( @|\/))/g,
  ))
    parameters[name.replace(/^_/, '')] ??= clean(text)
descriptions.parameters = parameters

mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, JSON.stringify(descriptions))
console.log(`descriptions: ${Object.keys(descriptions).length} types described, ${missing} without`)
