// The users of the demo: how one of them signs in.
export const credentialsOf = (demo, tenant, handle) => ({
  tenant,
  email: `${handle}@${tenant}.example`,
  password: demo.password,
});
