Component({
  options: { virtualHost: false },
  properties: {
    /** One of the names in icon.wxss. */
    name: String,
  },
})
