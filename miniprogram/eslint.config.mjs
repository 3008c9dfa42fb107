// The mini-program's own code sees WeChat's globals and no browser; tools and tests see Node.js.

const read = (...names) => Object.fromEntries(names.map((name) => [name, 'readonly']))
const logic = read(
  'wx', 'App', 'Page', 'Component', 'Behavior', 'getApp', 'getCurrentPages', 'require', 'module', 'exports', 'console',
  'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval',
)
const node = read(
  'process', 'console', 'Buffer', 'URL', 'URLSearchParams', 'fetch', 'setTimeout', 'clearTimeout', 'setImmediate', 'queueMicrotask', 'require',
  'module', 'exports', '__dirname', 'performance',
)
const browser = read(
  'window', 'document', 'location', 'localStorage', 'navigator', 'fetch', 'console', 'setTimeout', 'clearTimeout', 'requestAnimationFrame',
  'cancelAnimationFrame', 'addEventListener', 'matchMedia', 'devicePixelRatio', 'URL', 'URLSearchParams', 'FormData', 'FileReader',
  'AbortController', 'Image', 'Path2D', 'OffscreenCanvas', 'createImageBitmap', 'getComputedStyle', 'MessageChannel', 'performance',
)

const rules = {
  'no-undef': 'error',
  'no-unused-vars': ['error', { caughtErrors: 'none' }],
  'no-var': 'error',
  'prefer-const': 'error',
  'no-empty': ['error', { allowEmptyCatch: false }],
  'no-unreachable': 'error',
  'no-dupe-keys': 'error',
  'no-const-assign': 'error',
  'no-self-assign': 'error',
  'no-cond-assign': 'error',
  'no-fallthrough': 'error',
  'no-redeclare': 'error',
  'no-shadow-restricted-names': 'error',
  'no-unsafe-finally': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'require-atomic-updates': 'off',
  eqeqeq: ['error', 'always'],
  'max-lines': ['error', { max: 500 }],
}

export default [
  { ignores: ['node_modules/**', 'preview/dist/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.js'],
    ignores: ['test/**', 'preview/**', 'check/**', '**/bench/**'],
    languageOptions: { ecmaVersion: 2021, sourceType: 'commonjs', globals: logic },
    rules,
  },
  { files: ['test/**/*.js'], languageOptions: { ecmaVersion: 2024, sourceType: 'commonjs', globals: node }, rules },
  { files: ['**/*.mjs'], languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: { ...node, ...browser } }, rules },
  { files: ['**/bench/page.js'], languageOptions: { ecmaVersion: 2024, sourceType: 'script', globals: browser }, rules },
  { files: ['preview/src/**/*.js'], languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: browser }, rules },
]
