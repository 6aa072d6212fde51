// Reads the window's sources: which texts they say, and which visible English says nothing of being one; and those of the
// control plane, for what it says of hosts, which the window says in its own language.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'vue/compiler-sfc'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../../../src/renderer/', import.meta.url))
const HOSTS = fileURLToPath(new URL('../../../src/main/provisioning/', import.meta.url))

export interface Said {
  readonly file: string
  readonly key: string
  /** Names given with it; undefined where they are not written out. */
  readonly values: readonly string[] | undefined
}

const SAYS = new Set(['t', 'm', 'say'])
/** Attributes and properties that are read or heard. */
const SEEN = new Set([
  'alt',
  'aria-description',
  'aria-label',
  'empty',
  'hint',
  'label',
  'placeholder',
  'text',
  'title',
  'confirm',
])

const nameOf = (property: ts.ObjectLiteralElementLike) =>
  property.name && (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name)) ? property.name.text : '…'

function saidIn(code: string, file: string): Said[] {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true)
  const said: Said[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && SAYS.has(node.expression.text)) {
      const [key, values] = node.arguments
      const literals = key ? literalsIn(key) : []
      // Of `say` nobody else tells what it is given.
      if (literals.length === 0 && node.expression.text === 'say') literals.push(node.getText())
      for (const literal of literals)
        said.push({
          file,
          key: literal,
          values:
            values === undefined
              ? []
              : ts.isObjectLiteralExpression(values) && !values.properties.some(ts.isSpreadAssignment)
                ? values.properties.map(nameOf)
                : undefined,
        })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return said
}

/** The texts that an expression can be: both branches of a choice. */
function literalsIn(node: ts.Expression): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (ts.isParenthesizedExpression(node)) return literalsIn(node.expression)
  return ts.isConditionalExpression(node) ? [...literalsIn(node.whenTrue), ...literalsIn(node.whenFalse)] : []
}

interface Block {
  readonly file: string
  /** TypeScript of a file, of a component's script, and of every expression in its template. */
  readonly code: readonly string[]
  /** Text of the template that stands there as it is, and attributes that are read or heard. */
  readonly plain: readonly string[]
}

interface TemplateNode {
  readonly type: number
  readonly content?: unknown
  readonly children?: readonly TemplateNode[]
  readonly props?: readonly {
    readonly type: number
    readonly name: string
    readonly value?: { readonly content: string }
    readonly exp?: { readonly loc: { readonly source: string } }
  }[]
}
const [ELEMENT, TEXT, INTERPOLATION, ATTRIBUTE] = [1, 2, 5, 6]

function readTemplate(root: TemplateNode): Pick<Block, 'code' | 'plain'> {
  const code: string[] = []
  const plain: string[] = []
  const walk = (node: TemplateNode): void => {
    if (node.type === TEXT) plain.push(String(node.content).trim())
    if (node.type === INTERPOLATION) code.push((node.content as { loc: { source: string } }).loc.source)
    for (const { type, name, value, exp } of node.props ?? []) {
      if (type === ATTRIBUTE && value && SEEN.has(name)) plain.push(value.content)
      if (exp) code.push(exp.loc.source)
    }
    if (node.type === ELEMENT || node.type === 0) node.children?.forEach(walk)
  }
  walk(root)
  return { code, plain }
}

export const blocks: readonly Block[] = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter(file => /\.(vue|ts)$/.test(file) && !file.startsWith('i18n/'))
  .sort()
  .map(file => {
    const text = readFileSync(join(ROOT, file), 'utf8')
    if (file.endsWith('.ts')) return { file, code: [text], plain: [] }
    const { descriptor } = parse(text)
    const { code, plain } = readTemplate(descriptor.template?.ast as unknown as TemplateNode)
    return { file, code: [descriptor.scriptSetup?.content ?? '', ...code], plain }
  })

const sourcesOfHosts = readdirSync(HOSTS, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts'))
  .map(file => ({ file: `provisioning/${file}`, text: readFileSync(join(HOSTS, file), 'utf8') }))

const saidInWindow = blocks.flatMap(({ file, code }) =>
  code.flatMap(each => saidIn(each.trimStart().startsWith('{') ? `(${each})` : each, file)),
)
export const saidOfHosts: readonly Said[] = sourcesOfHosts.flatMap(({ file, text }) => saidIn(text, file))
export const said: readonly Said[] = [...saidInWindow, ...saidOfHosts]

/** As steps of joining, upgrading and removing are called. */
export const stepNames = sourcesOfHosts
  .filter(({ file }) => file.startsWith('provisioning/steps/'))
  .flatMap(({ text }) => [...text.matchAll(/^ +name: '([a-z-]+)',$/gm)].map(([, name = '']) => name))

/** Those that the window has words for. */
export const stepsInWords = [
  ...readFileSync(join(ROOT, 'hosts/host-status.ts'), 'utf8').matchAll(/^  '?([a-z-]+)'?: m\(/gm),
].map(([, name = '']) => name)

/** Names in braces. */
export const placeholdersOf = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{([a-zA-Z]\w*)\}/g)].map(([, name = '']) => name))].sort()

/** A sentence, or a word as a label starts: two letters or more, the first one capital or a space between words. */
const isProse = (text: string) => /^[A-Z][a-z-]+[.:…?!]?$|[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}/.test(text)

/** English that `t` does not say: in templates, and sentences in code. */
export const unsaid = (allowed: ReadonlySet<string>): string[] =>
  blocks.flatMap(({ file, code: [script = '', ...expressions], plain }) =>
    [
      ...plain.filter(text => /[A-Za-z]{2}/.test(text)),
      ...expressions.flatMap(each => proseIn(`(${each})`)),
      ...proseIn(script).filter(isSentence),
    ]
      .filter(text => !allowed.has(text))
      .map(text => `${file}: ${text}`),
  )

/** Words with a space between: names of fields, events and states have none. */
const isSentence = (text: string) =>
  /[A-Za-z]{2,}[,;:.]? [A-Za-z]{2,}|…: [a-z]{2,}/.test(text) && !isTailwind(text) && !PROGRAM.test(text)
/** Styles, selectors, and what a shell is given. */
const PROGRAM = /--|[$#]|^exec|^else|; exec|>\/dev|monospace|-full |link truncate|^\w+: \w+\n/

/** What nobody reads or hears: types, imports, what is compared, classes, and errors of a programmer's making. */
const isSilent = (node: ts.Node) =>
  ts.isImportDeclaration(node) ||
  ts.isTypeNode(node) ||
  (ts.isPropertyAssignment(node) && node.name.getText() === 'class') ||
  (ts.isBinaryExpression(node) && /[=!]==/.test(node.operatorToken.getText()))

/** Literals that may be read or heard, outside of `t`. */
function proseIn(code: string): string[] {
  const source = ts.createSourceFile('code.ts', code, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && SAYS.has(node.expression.text)) {
      node.arguments.slice(1).forEach(visit)
      return
    }
    if (isSilent(node)) return
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      if (isProse(node.text) && !isTailwind(node.text)) found.push(node.text)
      return
    }
    if (ts.isTemplateExpression(node)) {
      const words = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…')
      if (/[A-Za-z]{3,}\b ?…|…:? ?[A-Za-z]{3,}/.test(words) && !isTailwind(words) && / /.test(words)) found.push(words)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const isTailwind = (text: string) =>
  /(^|\s)(text|bg|border|rounded|fill|stroke|opacity|justify|px)-|[a-z]-\[|-full |\d(px|fr)/.test(text)
