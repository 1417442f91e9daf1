/* global test, expect */
const { transform } = require('neighbor-product');

test('the addon runs', async () => {
  const image = { data: new Uint8Array(36), width: 3, height: 3, channels: 4 };
  expect((await transform(image)).backend).toBe('cpu');
});
