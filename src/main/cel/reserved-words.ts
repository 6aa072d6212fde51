// Words that no variable may have for a name; a field may.
// https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax

export const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)
