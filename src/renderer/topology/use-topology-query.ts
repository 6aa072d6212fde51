// The state of the map in the URL, so that every view of it can be linked to and gone back to.
import { useQueryFlag, useQueryParam, useQueryText } from '../composables/use-query-param.ts'
import { RELATIONS, type Relation } from './graph.ts'
import { GROUPINGS, type Grouping } from './picture.ts'

export const useTopologyQuery = () => ({
  groupBy: useQueryParam<Grouping>(
    'by',
    value => GROUPINGS.find(each => each === value) ?? 'namespace',
    value => (value === 'namespace' ? '' : value),
  ),
  relations: useQueryParam<readonly Relation[]>(
    'with',
    value => RELATIONS.filter(each => value.split(',').includes(each)),
    value => value.join(','),
  ),
  search: useQueryText('q'),
  focus: useQueryParam<string | undefined>(
    'focus',
    value => value || undefined,
    value => value ?? '',
  ),
  errorsOnly: useQueryFlag('errors'),
  withTraffic: useQueryFlag('traffic'),
  asTree: useQueryParam(
    'view',
    value => value === 'tree',
    value => (value ? 'tree' : ''),
  ),
})
