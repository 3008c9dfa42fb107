// wcsc lets `color red;`, unknown properties and bad units through; these do not.

export default {
  rules: {
    'at-rule-no-unknown': true,
    'block-no-empty': true,
    'color-no-invalid-hex': true,
    'declaration-block-no-duplicate-properties': true,
    'declaration-property-value-no-unknown': [true, { ignoreProperties: { '/.*/': ['/rpx/', '/env\\(/'] } }],
    'font-family-no-duplicate-names': true,
    'function-no-unknown': true,
    'keyframe-declaration-no-important': true,
    'media-feature-name-no-unknown': true,
    'no-duplicate-selectors': true,
    'no-invalid-double-slash-comments': true,
    'property-no-unknown': true,
    'selector-pseudo-class-no-unknown': true,
    'selector-pseudo-element-no-unknown': true,
    'unit-no-unknown': [true, { ignoreUnits: ['rpx'] }],
  },
  overrides: [{ files: ['**/*.wxss'] }],
}
