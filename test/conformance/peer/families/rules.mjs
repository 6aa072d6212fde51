// Rules of definitions in CEL: what they are estimated to cost, and what of them is refused before they ever run.

/** Bounds that make what a rule costs visible: upstream tells by how much it is too dear. */
const text = maxLength => ({ type: 'string', maxLength })
const FIELDS = {
  l: { type: 'array', maxItems: 20_000, items: text(2_000) },
  s: text(300_000),
  n: { type: 'array', maxItems: 3_000_000, items: { type: 'integer' } },
  m: { type: 'object', maxProperties: 20_000, additionalProperties: text(3_000) },
  o: { type: 'array', maxItems: 20_000, items: { type: 'object', properties: { a: text(5_000) } } },
}

const definition = rule => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'rules.cel.example.com' },
  spec: {
    ...{ group: 'cel.example.com', scope: 'Cluster', names: { plural: 'rules', kind: 'Rule' } },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-validations': [{ rule }], properties: FIELDS } },
          },
        },
      },
    ],
  },
})

/** One a line. */
const RULES = String.raw`
self.l.join('') != 'x'
self.l.join(',') != 'x'
self.l.join(self.s) != 'x'
self.l.join('ab').size() > 3
self.l.join('ab').lowerAscii() != 'x'
self.l.join('ab').contains('abcdefghijklmnop')
self.l.map(x, x + 'y').join(',') != 'x'
self.l.filter(x, x != 'a').join(',') != 'x'
self.s.split(',').join(';') != 'x'
[self.s, self.s].join(',') != 'x'
(self.l + self.l).join(',') != 'x'
self.n.map(x, string(x)).join(',') != 'x'
self.l.min() != 'x'
self.l.max() != 'x'
self.n.min() > 3
self.n.max() > 3
self.n.sum() > 3
self.l.isSorted()
self.l.indexOf('x') > 3
self.l.lastIndexOf('x') > 3
self.l.map(x, x + 'y').min() != 'x'
self.l.map(x, x.size()).min() > 3
self.l.map(x, x.size()).sum() > 3
self.s.split(',').max() != 'x'
self.s.split(',').min() == 'x'
[self.s, self.s].min() != 'x'
[self.s, 'a'].max().contains('abcdefghijklmn')
self.l.min().contains('abcdefghijklmn')
self.l.max().lowerAscii() == 'x'
self.l.all(x, self.l.min() == x)
self.l.all(x, [x, self.s].min() == x)
self.l.all(x, self.s.indexOf(x) > 0)
self.l.all(x, self.s.contains(x))
self.l.all(x, x.replace('a', 'bb') == 'x')
self.l.all(x, x.replace('a', self.s) == 'x')
self.l.all(x, x.split(',').size() > 3)
self.l.all(x, x.substring(1) == 'x')
self.l.all(x, x.trim() == 'x')
self.l.all(x, x.charAt(1) == 'x')
self.l.all(x, x.upperAscii() == x.lowerAscii())
self.l.all(x, x.matches('^a.*b$'))
self.l.all(x, x.find('a+') != '')
self.l.all(x, x.findAll('a+').size() > 0)
self.l.all(x, x.findAll('a+', 3).join(',') == '')
self.l.all(x, isURL(x) && url(x).getHost() == 'a')
self.l.all(x, isIP(x) && ip(x).family() == 4)
self.l.all(x, isCIDR(x) && cidr(x).containsIP('1.2.3.4'))
self.l.all(x, cidr(x).ip().family() == 4 || cidr(x).masked() == cidr(x))
self.l.all(x, isQuantity(x) && quantity(x).isGreaterThan(quantity('1')))
self.l.all(x, quantity(x).add(quantity('1')).compareTo(quantity(x)) > 0)
self.l.all(x, format.dns1123Label().validate(x).hasValue())
self.l.all(x, !format.named('uuid').value().validate(x).hasValue())
self.l.all(x, isSemver(x) && semver(x).major() > 1)
self.l.all(x, self.l.exists_one(y, y == x))
self.l.all(x, x in self.l)
sets.contains(self.l, self.l)
sets.intersects(self.l, ['a'])
sets.equivalent(self.n, self.n)
self.l.all(x, duration(x) > duration('1s'))
self.l.all(x, timestamp(x) > timestamp('2020-01-01T00:00:00Z'))
self.l.all(x, int(x) > 3)
self.l.all(x, double(x) > 3.0)
self.l.all(x, string(x) == 'x')
self.l.all(x, bytes(x).size() > 3)
self.l.all(x, base64.encode(bytes(x)) == 'x')
self.l.all(x, '%s and %s'.format([x, self.s]) == 'x')
self.l.all(x, ('a' + x + 'b') == self.s)
self.l.all(x, x == self.s)
self.l.all(x, x < self.s)
self.m.all(k, k == self.m[k])
self.m.exists(k, self.m[k].contains(k))
self.m.map(k, self.m[k]).join(',') == 'x'
self.l.all(i, x, i < 3 || x == 'a')
self.m.transformList(k, v, k + v).join(',') == 'x'
self.l.transformList(i, v, v).max() == 'x'
self.l.sort() == self.l
self.l.distinct().size() == self.l.size()
self.l.slice(0, 2).join('') == 'x'
self.l.reverse() == self.l
self.l.flatten() == self.l
self.n.sortBy(x, -x) == self.n
self.o.all(x, x.a == 'b')
self.o.all(x, self.o.exists(y, y.a == x.a))
self.o.map(x, x.a).join(',') == 'b'
self.o.all(x, has(x.a) && x.?a.orValue('b') == 'c')
self.l.first().orValue('x') == self.l.last().orValue('y')
lists.range(1000000).all(x, x > 1)
self.l.all(x, optional.of(x).value() == 'x')
timestamp(253402300800) > timestamp(0)
timestamp(-62135596801) > timestamp(0)
timestamp(253402300799) > timestamp(0)
timestamp(9223372036854775807) > timestamp(0)
timestamp('0000-01-01T00:00:00Z') > timestamp(0)
timestamp('10000-01-01T00:00:00Z') > timestamp(0)
duration('9223372036854775807h') > duration('1s')
duration('400000h') > duration('1s')
duration('3000000h') > duration('1s')
int(9223372036854775808.0) > 1
int('9223372036854775808') > 1
uint(-1) > 1u
uint('x') > 1u
double('x') > 1.0
int(timestamp('2020-01-01T00:00:00Z')) > 1
bool('x')
string(b'\xff') == 'x'
9223372036854775807 + 1 > 0
1 / 0 > 1
timestamp(int('253402300800')) > timestamp(0)
timestamp(1.5) > timestamp(0)
duration(5) > duration('1s')
duration('x') > duration('1s')
'a'.matches('(')
math.greatest([1,2]) > 1
cidr('x').prefixLength() > 1
ip('x').family() == 4
url('::x').getHost() == ''
quantity('x').sign() > 0
semver('x').major() > 0
self.l.map(x, x + 'y').all(y, y.contains('abcdefghijklmnop'))
self.s.split(',').all(y, y.contains('abc'))
[self.s].all(y, y.contains(self.s))
self.l.map(x, x.size()).sort() == self.n
self.l.filter(x, x != '').sort() == self.l
self.l.slice(1, 5000).distinct().size() > 1
self.l.reverse().min() != ''
self.l.map(x, [x]).flatten().join('') != ''
self.n.slice(1, 3).max() > 3
self.n.distinct().sum() > 3
self.o.sortBy(x, x.a)[0].a == 'b'
self.l.all(x, x.reverse() == x)
self.s.charAt(3).contains('abcdefghijkl')
self.s.reverse().contains('abcdefghijklm')
sets.contains(self.n, self.n)
lists.range(3000).all(x, x in self.n)
self.l.distinct().join('') != ''
`

export function* cases() {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All'
  for (const rule of RULES.trim().split('\n'))
    yield { name: rule, steps: [{ method: 'POST', path, body: definition(rule) }] }
}
