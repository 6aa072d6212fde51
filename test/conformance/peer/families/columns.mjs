// Printer columns of custom resources: every type over every sort of value, and paths of every form, as Tables show them.
const GROUP = 'columns.example.com'
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const TYPES = ['string', 'integer', 'number', 'boolean', 'date']
/** What the field `v` holds, object by object. */
const VALUES = {
  missing: undefined,
  empty: '',
  text: 'some text',
  'text-of-a-number': '42',
  'text-of-true': 'true',
  zero: 0,
  whole: 42,
  negative: -7,
  fraction: 1.5,
  'fraction-of-zero': 2.0,
  large: 123456789012,
  'large-fraction': 1234567.891,
  exponent: 1e21,
  small: 1e-7,
  yes: true,
  no: false,
  null: null,
  list: ['a', 'b'],
  'empty-list': [],
  numbers: [1, 2.5],
  object: { a: 1, b: ['x'] },
  'empty-object': {},
  past: '2020-01-02T03:04:05Z',
  'past-elsewhere': '2020-01-02T03:04:05+02:00',
  fractional: '2020-01-02T03:04:05.678Z',
  'date-alone': '2020-01-02',
  'far-future': '2999-01-01T00:00:00Z',
  'year-one': '0001-01-01T00:00:00Z',
  'before-1970': '1960-01-01T00:00:00Z',
  lines: 'one\ntwo\ttabbed',
  odd: 'a"b<c>&é\u2028',
}
const ITEMS = [
  { type: 'Ready', status: 'True', n: 1 },
  { type: 'Other', status: 'False', n: 3, last: 'x' },
  { type: 'Third', status: 'Unknown', n: 2 },
]
const MAP = { 'a.b/c': 'slashed', plain: 'p', 'with space': 's', nested: { deep: [[1, 2], [3]] } }
const PATHS = [
  '.l[0].type',
  '.l[-1].type',
  '.l[7].type',
  '.l[*].type',
  '.l[0:2].type',
  '.l[::2].type',
  '.l[1:].n',
  '.l[?(@.type=="Ready")].status',
  ".l[?(@.type=='Other')].status",
  '.l[?(@.type=="None")].status',
  '.l[?(@.n>1)].type',
  '.l[?(@.n>=2)].n',
  '.l[?(@.status!="True")].type',
  '.l[?(@.last)].type',
  '.l[0,2].type',
  '.l[0]',
  '.l',
  '.m.plain',
  '.m.a\\.b/c',
  ".m['a.b/c']",
  ".m['plain','with space']",
  '.m.nested.deep[0][1]',
  '.m.nested.deep[*][0]',
  '..type',
  '.none.of.these',
  '.m.plain.more',
  '.metadata.labels.some\\.label',
  ".metadata.annotations['example\\.com/a']",
  '.metadata.creationTimestamp',
  '.metadata.name',
  '.metadata.generation',
  '.metadata.uid.none',
  '.kind',
  '{.m.plain}',
  '.l[?(@.type=="Ready")].status}{.m.plain',
  '.m.plain .m.nested',
]

const column = (name, type, jsonPath, more = {}) => ({ name, type, jsonPath, ...more })
const SETS = {
  values: TYPES.map(type => column(`As ${type}`, type, '.v')),
  formats: [
    column('Int32', 'integer', '.v', { format: 'int32' }),
    column('Int64', 'integer', '.v', { format: 'int64', priority: 1 }),
    column('Float', 'number', '.v', { format: 'float' }),
    column('Password', 'string', '.v', { format: 'password', description: 'Not shown.' }),
    column('Moment', 'string', '.v', { format: 'date-time' }),
    column('Hidden', 'date', '.v', { format: 'date', priority: 5 }),
  ],
  ...Object.fromEntries(PATHS.map((path, i) => [`path${i}`, TYPES.slice(0, 2).map(t => column(t, t, path))])),
  none: [],
}
const pluralOf = set => `${set}things`
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

function* definitions() {
  for (const [set, additionalPrinterColumns] of Object.entries(SETS)) {
    const names = { plural: pluralOf(set), kind: `${set[0].toUpperCase()}${set.slice(1)}Thing` }
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: open } }
    const spec = { group: GROUP, scope: 'Cluster', names, versions: [{ ...version, additionalPrinterColumns }] }
    const body = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${names.plural}.${GROUP}` }, spec } // prettier-ignore
    const made = { method: 'POST', path: DEFINITIONS, body, unjudged: true }
    // Whether its columns may be so is told at once; that it is served takes a moment.
    yield {
      name: `${set} ${additionalPrinterColumns.map(({ jsonPath }) => jsonPath)[0] ?? ''}`,
      steps: [{ ...made, path: `${DEFINITIONS}?dryRun=All`, unjudged: false }, made],
    }
  }
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
function* tables() {
  const metadata = {
    name: 'full',
    labels: { 'some.label': 'labelled' },
    annotations: { 'example.com/a': 'annotated' },
  }
  for (const [set, columns] of Object.entries(SETS)) {
    const path = `/apis/${GROUP}/v1/${pluralOf(set)}`
    const kind = `${set[0].toUpperCase()}${set.slice(1)}Thing`
    const own = set === 'values' || set === 'formats'
    const objects = own
      ? Object.entries(VALUES).map(([name, v]) => ({ metadata: { name }, v }))
      : [{ metadata, l: ITEMS, m: MAP }]
    const make = objects.map((object, i) => ({
      ...{ method: 'POST', path, body: { apiVersion: `${GROUP}/v1`, kind, ...object }, unjudged: true },
      ...(i === 0 ? { delay: 3_000 } : {}),
    }))
    const show = { path: `${path}?includeObject=None`, accept: TABLE }
    yield { name: `${set} ${columns[0]?.jsonPath ?? ''}`, steps: [...make, { ...show, name: 'table' }] }
  }
}

export const stages = [definitions, tables]
